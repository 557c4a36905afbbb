// The port that chooses a seeded fault. Only builds for seeded faults have it; what such a model does wrong is the
// test's affair.

#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>

template <class Top>
auto select_fault(Top& top, uint64_t fault, int) -> decltype(top.fault_select = fault, void()) {
    top.fault_select = fault;
}
template <class Top>
void select_fault(Top&, uint64_t fault, long) {
    if (fault == 0) return;
    fprintf(stderr, "this model was built without seeded faults\n");
    exit(EXIT_FAILURE);
}

// Of the program's arguments: the fault's number, if there is one.
template <class Top>
void select_fault(Top& top, int count, char** arguments, int which) {
    select_fault(top, count > which ? strtoull(arguments[which], nullptr, 10) : 0, 0);
}
