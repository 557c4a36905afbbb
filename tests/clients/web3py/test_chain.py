"""The chain as web3.py sees it: blocks, fees, batches, transactions that eth_account signs, news."""

import asyncio
import unittest

import client
import shared
from web3 import AsyncWeb3, WebSocketProvider
from web3.exceptions import TransactionNotFound, Web3RPCError

ETHER = 10**18


class Chain(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.w3 = shared.connected()

    def fees(self):
        tip = self.w3.eth.max_priority_fee
        return {
            "chainId": self.w3.eth.chain_id,
            "maxFeePerGas": 2 * self.w3.eth.get_block("latest")["baseFeePerGas"] + tip,
            "maxPriorityFeePerGas": tip,
        }

    def signed(self, **fields):
        account = shared.caller()
        nonce = self.w3.eth.get_transaction_count(account.address, "pending")
        return account.sign_transaction({"nonce": nonce, "value": 0, **self.fees(), **fields})

    def mined(self, signed):
        sent = self.w3.eth.send_raw_transaction(signed.raw_transaction)
        self.assertEqual(sent, signed.hash)
        return self.w3.eth.wait_for_transaction_receipt(sent, timeout=30)

    def test_it_is_metis_dev_and_says_so(self):
        self.assertEqual(self.w3.eth.chain_id, 0x4D564D)
        self.assertEqual(self.w3.net.version, str(0x4D564D))
        self.assertTrue(self.w3.client_version.lower().startswith("metisvm"))
        self.assertEqual(len(self.w3.eth.accounts), 10)
        self.assertFalse(self.w3.eth.syncing)

    def test_a_signed_transfer_arrives_and_pays_its_fee(self):
        sender = client.CALLER
        receiver = self.w3.eth.account.create().address
        before = self.w3.eth.get_balance(sender)
        receipt = self.mined(self.signed(to=receiver, value=ETHER, gas=21_000))
        self.assertEqual(receipt["status"], 1)
        self.assertEqual(self.w3.eth.get_balance(receiver), ETHER)
        paid = receipt["gasUsed"] * receipt["effectiveGasPrice"]
        self.assertEqual(self.w3.eth.get_balance(sender), before - ETHER - paid)
        transaction = self.w3.eth.get_transaction(receipt["transactionHash"])
        self.assertEqual((transaction["type"], transaction["from"]), (2, sender))
        block = self.w3.eth.get_block(receipt["blockHash"], full_transactions=True)
        self.assertEqual(block["transactions"][receipt["transactionIndex"]], transaction)

    def test_what_the_chain_refuses_is_said_in_geths_words(self):
        used = self.signed(to=client.CALLER, gas=21_000)
        self.mined(used)
        with self.assertRaisesRegex(Web3RPCError, "nonce too low|already known"):
            self.w3.eth.send_raw_transaction(used.raw_transaction)
        poor = self.w3.eth.account.create()
        transaction = {"nonce": 0, "to": poor.address, "value": 1, "gas": 21_000, **self.fees()}
        with self.assertRaisesRegex(Web3RPCError, "insufficient funds"):
            self.w3.eth.send_raw_transaction(poor.sign_transaction(transaction).raw_transaction)
        with self.assertRaises(TransactionNotFound):
            self.w3.eth.get_transaction_receipt(b"\x01" * 32)

    def test_an_account_delegates_to_a_contract(self):
        # EIP-7702: the account then has the classifier's code, whose storage has no model at that account.
        classifier = shared.deploy(self.w3)
        account = self.w3.eth.account.create()
        self.w3.eth.wait_for_transaction_receipt(
            self.w3.eth.send_transaction({"from": client.DEPLOYER, "to": account.address, "value": ETHER})
        )
        authorization = account.sign_authorization(
            {"chainId": self.w3.eth.chain_id, "address": classifier.address, "nonce": 0}
        )
        receipt = self.mined(
            self.signed(to=account.address, gas=200_000, authorizationList=[authorization],
                        data=classifier.encode_abi("isClassified", args=[1]))
        )
        self.assertEqual((receipt["status"], receipt["type"]), (1, 4))
        code = self.w3.eth.get_code(account.address)
        self.assertEqual(code, bytes.fromhex("ef0100") + bytes.fromhex(classifier.address[2:]))
        delegated = self.w3.eth.contract(address=account.address, abi=classifier.abi)
        self.assertEqual(delegated.functions.modelId().call(), b"\0" * 32)

    def test_a_transaction_with_a_blob_is_mined_and_paid_for(self):
        account = shared.caller()
        transaction = {
            "type": 3,
            "nonce": self.w3.eth.get_transaction_count(account.address),
            "to": account.address,
            "value": 0,
            "gas": 21_000,
            "maxFeePerBlobGas": 10**9,
            **self.fees(),
        }
        signed = account.sign_transaction(transaction, blobs=[b"\0" * 131_072])
        # Not `mined`: eth_account hashes the blobs along, which are no part of a transaction's hash.
        sent = self.w3.eth.send_raw_transaction(signed.raw_transaction)
        receipt = self.w3.eth.wait_for_transaction_receipt(sent, timeout=30)
        self.assertEqual((receipt["status"], receipt["type"]), (1, 3))
        self.assertEqual(receipt["blobGasUsed"], 131_072)
        sent = self.w3.eth.get_transaction(receipt["transactionHash"])
        self.assertEqual(len(sent["blobVersionedHashes"]), 1)

    def test_a_batch_has_its_answers_in_order(self):
        accounts = self.w3.eth.accounts
        with self.w3.batch_requests() as batch:
            batch.add(self.w3.eth.get_block(0))
            for account in accounts:
                batch.add(self.w3.eth.get_transaction_count(account))
            answers = batch.execute()
        self.assertEqual(answers[0]["number"], 0)
        self.assertEqual(len(answers), 1 + len(accounts))
        singly = [self.w3.eth.get_transaction_count(account) for account in accounts]
        self.assertEqual(answers[1:], singly)

    def test_the_fee_history_ends_with_the_next_base_fee(self):
        for _ in range(3):
            self.mined(self.signed(to=client.CALLER, gas=21_000))
        history = self.w3.eth.fee_history(3, "latest", [10, 90])
        newest = self.w3.eth.block_number
        self.assertEqual(history["oldestBlock"], newest - 2)
        fees = [self.w3.eth.get_block(newest - 2 + i)["baseFeePerGas"] for i in range(3)]
        self.assertEqual(history["baseFeePerGas"][:3], fees)
        self.assertEqual(len(history["baseFeePerGas"]), 4)
        self.assertEqual([len(reward) for reward in history["reward"]], [2, 2, 2])

    def test_a_proof_of_an_account_is_of_the_blocks_state_root(self):
        block = self.w3.eth.get_block("latest")
        proof = self.w3.eth.get_proof(client.CALLER, [0], block["number"])
        self.assertEqual(self.w3.keccak(proof["accountProof"][0]), block["stateRoot"])

    def test_news_comes_over_a_websocket(self):
        async def news():
            async with AsyncWeb3(WebSocketProvider(shared.WS)) as w3:
                heads = await w3.eth.subscribe("newHeads")
                sent = await w3.eth.send_raw_transaction(
                    self.signed(to=client.CALLER, gas=21_000).raw_transaction
                )
                receipt = await w3.eth.wait_for_transaction_receipt(sent)
                async for message in w3.socket.process_subscriptions():
                    self.assertEqual(message["subscription"], heads)
                    if message["result"]["hash"] == receipt["blockHash"]:
                        break
                self.assertTrue(await w3.eth.unsubscribe(heads))

        asyncio.run(asyncio.wait_for(news(), timeout=60))

    def test_events_come_over_a_websocket(self):
        classifier = shared.deploy(self.w3)
        image, _ = shared.images(1)[0]

        async def events():
            async with AsyncWeb3(WebSocketProvider(shared.WS)) as w3:
                contract = w3.eth.contract(address=classifier.address, abi=classifier.abi)
                await w3.eth.subscribe("logs", {"address": classifier.address})
                await contract.functions.classify(5, image).transact({"from": client.DEPLOYER})
                async for message in w3.socket.process_subscriptions():
                    return contract.events.Classified().process_log(message["result"])

        event = asyncio.run(asyncio.wait_for(events(), timeout=60))
        self.assertEqual(event["args"]["id"], 5)
        self.assertEqual(event["args"]["class"], classifier.functions.classOf(5).call())


if __name__ == "__main__":
    unittest.main()
