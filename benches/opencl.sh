#!/usr/bin/env bash
# The opencl backend on the machine's device, in about five minutes: the conformance suite, the bundled block on every
# engine, and the rates of the product. For machines with a GPU; docs/opencl-backend.md says what is measured.
#
#   benches/opencl.sh                  the device that --backend opencl chooses
#   benches/opencl.sh NAME|INDEX       another one
set -euo pipefail
cd "$(dirname "$0")/.."
device=()
[ $# = 0 ] || device=(--opencl-device "$1")
step() { printf '\n== %s\n' "$*"; }
command -v clinfo >/dev/null 2>&1 && clinfo -l || true
step "conformance"
METISVM_ROWS=opencl cargo test --release --locked -p metisvm-tests --test backends
step "faults"
cargo test --release --locked -p metisvm-accel --test opencl_faults
step "products"
cargo bench --locked -p metisvm-opencl --bench products
step "the bundled block"
cargo build --release --locked -p metisvm
target/release/metisvm run --json --backend opencl "${device[@]}"
target/release/metisvm run --json --backend opencl --trust-opencl "${device[@]}"
target/release/metisvm run --json --backend cpu
