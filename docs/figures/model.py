"""The performance model: what each part of the card, and its link, lets through of messages of one length."""

import json
import tomllib
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
CYCLES = HERE / "cycles.jsonl"
# The board whose one core says what a core takes.
SINGLE = "sim"
WORD, DESCRIPTOR = 8, 8
# Bytes of a request, and of the piece of memory that it stays in.
REQUEST = 512


@dataclass
class Board:
    name: str
    part: str
    cores: int
    stream_bits: int
    tags: int
    is_bridged: bool
    mhz: float
    is_routed: bool


def boards():
    """The boards of hdl/boards: their clock after routing, if they have been, else what is planned."""
    for path in sorted((ROOT / "hdl/boards").glob("*.toml")):
        board = tomllib.loads(path.read_text())
        if "keccak" not in board:
            continue
        report = ROOT / "bitstreams" / path.stem / "report.json"
        routed = json.loads(report.read_text()).get("fmax_mhz") if report.exists() else None
        yield Board(
            path.stem,
            board["part"],
            board["keccak"]["cores"],
            board["dma"]["stream_bits"],
            board["dma"]["tags"],
            board["dma"].get("bridged", False),
            routed or board["clock_khz"] / 1000,
            bool(routed),
        )


def measured():
    """(board, bytes of a message) → what the counters said."""
    lines = map(json.loads, CYCLES.read_text().splitlines())
    return {(line["board"], line["message_bytes"]): line for line in lines}


def links():
    return tomllib.loads((HERE / "links.toml").read_text())


class Model:
    """Gbit/s of messages of so many bytes."""

    def __init__(self, length):
        self.length, self.bits = length, 8 * length
        self.counted = {board: line for (board, bytes_), line in measured().items() if bytes_ == length}
        self.words = -(-length // WORD)
        self.packets = links()["packets"]

    def core_cycles(self):
        """Of one core, a message: counted over a job on one."""
        line = self.counted[SINGLE]
        return line["card_cycles"] / line["messages"]

    def cores(self, count, mhz):
        return self.bits / self.core_cycles() * count * mhz / 1000

    def beats(self, stream_bits):
        """Of a message and its descriptor: a message begins with a beat."""
        lanes = stream_bits // 64
        return -(-self.words // lanes) + DESCRIPTOR / (WORD * lanes)

    def stream(self, stream_bits, mhz):
        return self.bits / self.beats(stream_bits) * mhz / 1000

    def bridge(self, stream_bits, mhz):
        """Over the narrow bridge: every beat in a frame."""
        bridge = links()["bridge"]
        words = bridge["header_words"] + stream_bits / bridge["word_bits"]
        return self.stream(stream_bits, mhz) / words

    def requests(self):
        """Of a message, at the mean of all places: a word further on, one word more lies beyond a boundary."""
        places = range(0, REQUEST, WORD)
        return sum(-(-(place + self.words * WORD) // REQUEST) for place in places) / len(places)

    def tags(self, tags):
        """Every tag asks for a request's bytes, and has them after the latency of the bus."""
        return self.bits * tags / self.requests() / self.latency()

    def latency(self):
        """Of the bus that was counted behind, ns."""
        return next(iter(self.counted.values()))["latency_ns"]

    def link(self, link):
        """Data of a message and its share of a packet of descriptors, in packets."""
        payload, overhead = self.packets["payload_bytes"], self.packets["overhead_bytes"]
        data = self.words * WORD + overhead * -(-self.length // payload)
        data += DESCRIPTOR * (payload + overhead) / payload
        return raw(link) * self.length / data

    def measured(self, board):
        line = self.counted.get(board.name)
        return line and self.bits * line["messages"] / line["card_cycles"] * board.mhz / 1000


def raw(link):
    """Gbit/s of a link, encoding taken off."""
    bits, coded = link["encoding"]
    return link["lanes"] * link["gigatransfers"] * bits / coded


def payload(link, packets):
    """Gbit/s of a link in packets of the greatest payload."""
    size = packets["payload_bytes"]
    return raw(link) * size / (size + packets["overhead_bytes"])
