// What every kernel uses. Types come as options of the build: TX, TB and TY are the element types of operands and
// result. Buffers are one block of memory each, and an operand is a place in one: a pointer and an offset in bytes.
#define AT(TYPE, pointer, offset) ((__global TYPE *)((pointer) + (offset)))

inline int saturate_uchar(long v) { return (int)clamp(v, 0L, 255L); }
inline int saturate_char(long v) { return (int)clamp(v, -128L, 127L); }
inline int saturate_short(long v) { return (int)clamp(v, -32768L, 32767L); }
inline int saturate_int(long v) { return (int)clamp(v, -2147483648L, 2147483647L); }
#define JOINED(a, b) a##b
#define NAMED(a, b) JOINED(a, b)
// To the range of TY.
#define SATURATE NAMED(saturate_, TY)
