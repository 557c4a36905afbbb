"""examples/foundry as its README says, then Foundry's commands one by one, on a contract that infers."""

import json
import re

import foundry
from client import CALLER, DEPLOYER, DEPLOYER_KEY, ROOT, RPC, command, demand, digits, model, rpc

# What a tool with an EVM of its own says, from the code at the precompile's address.
EXPLAINED = "run the call on a MetisVM node"
ENVIRONMENT = foundry.environment()


def run(*argv, environment=None, **options):
    return command(*argv, cwd=foundry.FOLDER, environment={**ENVIRONMENT, **(environment or {})}, **options)


def says(words, *argv, **options):
    said = run(*argv, **options)
    demand(words in said, f"{' '.join(map(str, argv))}: not {words!r} but\n{said}")
    return said


def tests():
    """forge test: without a fork, with one, and with no node to ask."""
    for fork in ([], ["--fork-url", RPC]):
        says("3 tests passed, 0 failed, 0 skipped", "forge", "test", *fork)
    nowhere = {"RPC_URL": "http://127.0.0.1:1"}
    said = says("nothing answers at http://127.0.0.1:1; start a node: metisvm node", "forge", "test",
                environment=nowhere, fails=True)
    demand("[PASS] test_a_nine_is_counted()" in said, said)


def scripts():
    """forge script: its transactions are on the chain, and another script asks the contract that it made."""
    script = ("forge", "script", "--rpc-url", RPC)
    deploy = (*script, "script/Deploy.s.sol", "--private-key", DEPLOYER_KEY, "--broadcast")
    said = says("ONCHAIN EXECUTION COMPLETE & SUCCESSFUL", *deploy, "--skip-simulation")
    found = re.search(r"digits: contract Digits (0x[0-9a-fA-F]{40})\ndigit: uint8 7", said)
    demand(found, said)
    says("digit: uint8 7", *script, "script/Look.s.sol", "--sig", "run(address)", found[1])
    demand(run("cast", "call", found[1], "seen(uint8)(uint256)", 7) == "1", "the script's transaction did not count")
    says(EXPLAINED, *deploy, fails=True)


def create():
    """forge create."""
    said = run("forge", "create", "src/Digits.sol:Digits", "--private-key", DEPLOYER_KEY, "--broadcast", "--json",
               "--constructor-args", model("digits MLP"))
    return json.loads(said[said.index("{") :])["deployedTo"]


def commands(address):
    """cast, on the contract at `address`."""
    for image, label in digits()[:3]:
        demand(run("cast", "call", address, "look(bytes)(uint8)", f"0x{image.hex()}") == str(label), "cast call")
    image, label = digits()[3]
    read = (address, "read(bytes)", f"0x{image.hex()}")
    estimated = int(run("cast", "estimate", *read, "--from", CALLER))
    receipt = json.loads(run("cast", "send", "--json", *read, "--private-key", DEPLOYER_KEY))
    demand(receipt["status"] == "0x1" and len(receipt["logs"]) == 1, receipt)
    used = int(receipt["gasUsed"], 16)
    demand(used <= estimated <= used * 1.1, f"estimated {estimated}, used {used}")
    receipt = json.loads(run("cast", "send", "--json", *read, "--unlocked", "--from", CALLER))
    transaction = receipt["transactionHash"]
    demand(json.loads(run("cast", "receipt", "--json", transaction)) == receipt, "cast receipt")
    logs = json.loads(run("cast", "logs", "--json", "--from-block", 0, "--address", address,
                          "Read(address indexed,uint8)"))
    demand([int(log["data"], 16) for log in logs] == [label, label], logs)
    demand(int(run("cast", "call", address, "seen(uint8)(uint256)", label)) == 2, "two were read")
    block = json.loads(run("cast", "block", "--json", receipt["blockHash"]))
    demand(block["transactions"] == [transaction] and block["number"] == receipt["blockNumber"], block)
    demand(run("cast", "block-number") == str(int(block["number"], 16)), "cast block-number")
    demand(json.loads(run("cast", "rpc", "metis_models")) == rpc("metis_models"), "cast rpc metis_models")
    inferred = json.loads(run("cast", "rpc", "metis_inferences", 1))
    demand(inferred[0]["model"] == model("digits MLP"), inferred)
    demand(run("cast", "nonce", DEPLOYER) == "2", "it sent two transactions")
    demand(run("cast", "tx", transaction, "from").lower() == CALLER.lower(), "cast tx")
    says("gas used", "cast", "access-list", *read)
    # Revert data arrive as they are: WrongInputLength(64, 1).
    says(run("cast", "calldata", "WrongInputLength(uint256,uint256)", 64, 1), "cast", "call", address, "look(bytes)",
         "0x07", fails=True)
    # The node traces; Foundry's own traces say what they lack.
    trace = json.loads(run("cast", "rpc", "debug_traceTransaction", transaction, '{"tracer":"callTracer"}'))
    demand(int(trace["output"], 16) == label and len(trace["calls"]) == 1, trace)
    says(EXPLAINED, "cast", "run", transaction)
    says(EXPLAINED, "cast", "call", address, "look(bytes)", f"0x{image.hex()}", "--trace")


def own_model():
    """docs/node.md: a bundle by its bytes, then registered by its id."""
    bundle = (ROOT / "host" / "cli" / "bundled" / "digits-cnn.bundle").read_bytes()
    model_id = model("digits CNN")
    demand(rpc("metis_unregisterModel", model_id), "it was registered")
    added = run("cast", "rpc", "--raw", "metis_addModel", input=json.dumps([f"0x{bundle.hex()}"]))
    demand(json.loads(added) == model_id, added)
    demand(run("cast", "rpc", "metis_registerModel", model_id) == "true", "it was not registered any more")
    demand(all(entry["registered"] for entry in rpc("metis_models")), "both are registered")


def main():
    tests()
    address = create()
    commands(address)
    scripts()
    own_model()


main()
