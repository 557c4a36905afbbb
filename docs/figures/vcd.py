"""Values of signals, cycle by cycle, out of the waveform that the simulated card writes."""

import subprocess
import sys
from collections import defaultdict


class Trace:
    """A value change dump. Two steps of time are a cycle: the first has what the clock's edge is about to take."""

    def __init__(self, lines):
        self.names = {}  # (scope, signal) → the dump's short name
        self.signals = defaultdict(set)  # scope → its signals
        self.widths = {}  # short name → bits
        self.cycles = 0
        self._changes = defaultdict(list)  # short name → (time, value)
        lines = iter(lines)
        self._read_header(lines)
        self._read_changes(lines)

    @classmethod
    def of_fst(cls, path):
        """Of an FST file, by GTKWave's converter."""
        try:
            dump = subprocess.run(["fst2vcd", "-f", path], check=True, stdout=subprocess.PIPE, text=True)
        except FileNotFoundError:
            sys.exit("fst2vcd is missing: apt-get install gtkwave")
        return cls(dump.stdout.splitlines())

    def _read_header(self, lines):
        path = []
        for line in lines:
            words = line.split()
            if not words:
                continue
            if words[0] == "$scope":
                path.append(words[2])
            elif words[0] == "$upscope":
                path.pop()
            elif words[0] == "$var":
                scope = ".".join(path)
                self.names[scope, words[4]] = words[3]
                self.widths[words[3]] = int(words[2])
                self.signals[scope].add(words[4])
            elif words[0] == "$enddefinitions":
                return

    def _read_changes(self, lines):
        time = 0
        for line in lines:
            first = line[:1]
            if first == "#":
                time = int(line[1:])
            elif first in ("b", "B"):
                value, name = line[1:].split()
                self._changes[name].append((time, value))
            elif first in ("0", "1", "x", "z"):
                self._changes[line[1:].strip()].append((time, first))
        self.cycles = time // 2 + 1

    def values(self, scope, signal):
        """The signal's value in each cycle; what is not known is 0."""
        changes = self._changes[self.names[scope, signal]]
        values, value, place = [], 0, 0
        for cycle in range(self.cycles):
            while place < len(changes) and changes[place][0] <= 2 * cycle:
                text = changes[place][1]
                value = int(text, 2) if set(text) <= {"0", "1"} else 0
                place += 1
            values.append(value)
        return values

    def width(self, scope, signal):
        """The signal's bits."""
        return self.widths[self.names[scope, signal]]

    def scopes_with(self, signals):
        """The scopes that have all of these signals, by name."""
        return sorted(scope for scope, found in self.signals.items() if found >= set(signals))
