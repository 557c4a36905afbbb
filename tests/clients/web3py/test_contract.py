"""A contract that infers, as web3.py deploys and calls it."""

import unittest

import client
import shared
from web3.exceptions import ContractCustomError, ContractLogicError


class Contract(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.w3 = shared.connected()
        cls.classifier = shared.deploy(cls.w3)
        cls.sender = client.CALLER

    def classify(self, number, image):
        sent = self.classifier.functions.classify(number, image).transact({"from": self.sender})
        return self.w3.eth.wait_for_transaction_receipt(sent)

    def test_digits_are_recognised_by_a_call(self):
        right = sum(self.classifier.functions.preview(image).call() == digit for image, digit in shared.images(50))
        self.assertGreaterEqual(right, 46)

    def test_a_transaction_keeps_the_digit_and_its_event_says_it(self):
        image, _ = shared.images(1)[0]
        previewed = self.classifier.functions.preview(image).call()
        receipt = self.classify(7, image)
        [event] = self.classifier.events.Classified().process_receipt(receipt)
        self.assertEqual(event["args"], {"id": 7, "class": previewed})
        self.assertEqual(self.classifier.functions.classOf(7).call(), previewed)
        # Before that transaction it was not there.
        before = receipt["blockNumber"] - 1
        self.assertFalse(self.classifier.functions.isClassified(7).call(block_identifier=before))

    def test_the_estimate_is_enough_and_not_much_more(self):
        image, _ = shared.images(2)[1]
        estimated = self.classifier.functions.classify(8, image).estimate_gas({"from": self.sender})
        used = self.classify(8, image)["gasUsed"]
        self.assertLessEqual(used, estimated)
        self.assertLess(estimated, used * 1.3)

    def test_filters_and_logs_have_the_events_of_an_argument(self):
        wanted = self.classifier.events.Classified.create_filter(
            from_block="latest", argument_filters={"id": 21}
        )
        image, _ = shared.images(1)[0]
        first = self.classify(21, image)
        self.classify(22, image)
        [event] = wanted.get_new_entries()
        self.assertEqual(event["transactionHash"], first["transactionHash"])
        self.assertEqual(wanted.get_new_entries(), [])
        found = self.classifier.events.Classified.get_logs(
            from_block=first["blockNumber"], to_block="latest", argument_filters={"id": 22}
        )
        self.assertEqual([log["args"]["id"] for log in found], [22])
        self.assertTrue(self.w3.eth.uninstall_filter(wanted.filter_id))

    def test_a_block_filter_has_the_hashes_of_new_blocks(self):
        blocks = self.w3.eth.filter("latest")
        receipt = self.classify(30, shared.images(1)[0][0])
        self.assertEqual(blocks.get_new_entries(), [receipt["blockHash"]])

    def test_a_revert_has_its_data(self):
        with self.assertRaises(ContractCustomError) as caught:
            self.classifier.functions.preview(b"too short").call()
        wrong_length = self.w3.keccak(text="WrongInputLength(uint256,uint256)")[:4]
        expected = wrong_length + (64).to_bytes(32) + (9).to_bytes(32)
        self.assertEqual(caught.exception.data, "0x" + expected.hex())
        with self.assertRaises(ContractLogicError):
            self.classifier.functions.classify(1, b"too short").estimate_gas({"from": self.sender})

    def test_an_access_list_has_what_the_call_reads_and_writes(self):
        image, _ = shared.images(1)[0]
        call = self.classifier.functions.classify(40, image).build_transaction(
            {"from": self.sender, "gas": 200_000}
        )
        listed = self.w3.eth.create_access_list(call)
        [entry] = [entry for entry in listed["accessList"] if entry["address"] == self.classifier.address]
        # The model's id, and the digit of id 40 in the mapping at slot 1.
        kept = self.w3.keccak((40).to_bytes(32) + (1).to_bytes(32))
        self.assertEqual(set(entry["storageKeys"]), {"0x" + 64 * "0", self.w3.to_hex(kept)})

    def test_a_model_that_is_not_registered_is_unknown(self):
        snapshot = client.rpc("evm_snapshot")
        client.rpc("metis_unregisterModel", self.w3.to_hex(self.classifier.functions.modelId().call()))
        with self.assertRaises(ContractCustomError) as caught:
            self.classifier.functions.preview(shared.images(1)[0][0]).call()
        unknown = self.w3.keccak(text="UnknownModel(bytes32)")[:4]
        self.assertTrue(caught.exception.data.startswith("0x" + unknown.hex()))
        self.assertTrue(client.rpc("evm_revert", snapshot))
        self.classifier.functions.preview(shared.images(1)[0][0]).call()


if __name__ == "__main__":
    unittest.main()
