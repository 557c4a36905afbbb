// The bundled model that takes pixels from 0 to 16 as they are; `metis_models` lists all that a node has.
export const MODEL = "0x0ea672ba4d3dc913c3ea782b7ef7a80290263be6d6deb21ed19ecce1bc8daf19";

// A handwritten seven, 8 × 8 pixels, a byte each, row by row.
export const SEVEN = `0x${[
  "00000d100f020000",
  "00050e050f070000",
  "000002000c070000",
  "0000050910070000",
  "0000081010100a00",
  "0000021003000000",
  "0000080d00000000",
  "00000f0700000000",
].join("")}`;
