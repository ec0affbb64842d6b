"""The chat behind nginx, as the FAQ says it: docs/src/faq/nginx.conf, with other ports, in front of the server."""

import asyncio
import json
import unittest

import websockets
from nginx_case import DEADLINE, NAME, NginxCase, refusal_of


class BehindNginx(NginxCase):
    def test_serves_the_page_over_tls(self):
        self.serve()
        response = self.get("/chat")
        self.assertEqual(response.status, 200)
        self.assertIn(b"<html", response.read())
        self.assertEqual(self.get("/health").status, 200)

    def test_sends_plain_http_to_https(self):
        self.serve()
        response = self.get("/chat?room=cpp", tls=False)
        self.assertEqual((response.status, response.getheader("Location")), (301, f"https://{NAME}/chat?room=cpp"))

    async def test_passes_the_chat_on_in_both_directions(self):
        self.serve()
        async with self.connect("/ws/chat/A%2FB") as first, self.connect("/ws/chat/%E6%84%9B") as second:
            self.assertEqual((await self.receive(first))["username"], "A/B")
            self.assertEqual((await self.receive(second))["connected_users"], ["A/B", "愛"])
            self.assertEqual((await self.receive(first))["event"], "join")
            await second.send('{"message":"' + "x" * 3000 + '"}')
            for each in first, second:
                self.assertEqual((await self.receive(each))["message"], "x" * 3000)
            await first.close(1000)
            self.assertEqual((await self.receive(second))["event"], "leave")

    async def test_tells_pages_of_its_own_from_others(self):
        self.serve()
        for origin in "https://evil.example", f"http://{self.host}x", f"https://{NAME}":
            with self.subTest(origin=origin), self.assertRaises(Exception) as refused:
                await self.connect("/ws", origin)
            self.assertEqual(refusal_of(refused.exception), 403)
        async with self.connect("/ws") as client:
            await client.send("here")
            self.assertEqual(await asyncio.wait_for(client.recv(), DEADLINE), "Echo: here")

    async def test_without_the_header_upgrade_there_is_no_handshake(self):
        self.serve(**{"proxy_set_header Upgrade": '""'})
        with self.assertRaises(Exception) as refused:
            await self.connect("/ws")
        self.assertEqual(refusal_of(refused.exception), 426)

    async def test_without_the_port_in_host_the_page_is_of_another_origin(self):
        self.serve(**{"proxy_set_header Host": "$host"})
        with self.assertRaises(Exception) as refused:
            await self.connect("/ws")
        self.assertEqual(refusal_of(refused.exception), 403)

    async def test_the_servers_pings_keep_a_silent_connection(self):
        self.serve("--ws-ping-interval", "0.2", proxy_read_timeout="1s")
        async with self.connect("/ws") as client:
            with self.assertRaises(asyncio.TimeoutError):
                await asyncio.wait_for(client.recv(), 3)
            await client.send("here")
            self.assertEqual(await asyncio.wait_for(client.recv(), DEADLINE), "Echo: here")

    async def test_without_pings_in_time_nginx_cuts_it(self):
        self.serve(proxy_read_timeout="1s")
        async with self.connect("/ws") as client:
            with self.assertRaises(websockets.ConnectionClosed) as closed:
                await asyncio.wait_for(client.recv(), DEADLINE)
            self.assertIsNone(closed.exception.rcvd, "1006: no close frame came")

    async def test_limits_hold_for_the_client_and_not_for_nginx(self):
        self.serve("--max-connections-per-address", "1", "--forwarded-allow-ips", "127.0.0.1,198.51.100.7")
        # nginx adds our own address, 127.0.0.1, which is trusted, too: so what we say of ourselves counts.
        async with self.connect("/ws/chat", address="192.0.2.1") as first:
            self.assertEqual((await self.receive(first))["event"], "welcome")
            async with self.connect("/ws/chat", address="192.0.2.2") as second:
                self.assertEqual((await self.receive(second))["event"], "welcome")
            async with self.connect("/ws/chat", address="192.0.2.3, 192.0.2.1, 198.51.100.7") as again:
                with self.assertRaises(websockets.ConnectionClosed) as closed:
                    await self.receive(again)
                self.assertEqual(closed.exception.rcvd.code, 1008)

    async def test_without_proxy_headers_all_clients_are_one(self):
        self.serve("--max-connections-per-address", "1", "--no-proxy-headers")
        async with self.connect("/ws/chat", address="192.0.2.1") as first:
            self.assertEqual((await self.receive(first))["event"], "welcome")
            async with self.connect("/ws/chat", address="192.0.2.2") as second:
                with self.assertRaises(websockets.ConnectionClosed) as closed:
                    await self.receive(second)
                self.assertEqual(closed.exception.rcvd.code, 1008)

    async def test_a_page_without_tls_is_of_another_origin(self):
        self.serve()
        with self.assertRaises(Exception) as refused:
            await self.connect("/ws", f"http://{self.host}")
        self.assertEqual(refusal_of(refused.exception), 403)

    def test_another_host_name_is_refused(self):
        self.serve()
        response = self.get("/health", host="evil.example")
        self.assertEqual((response.status, json.loads(response.read())), (400, {"detail": "Invalid host"}))

    async def test_holds_back_who_opens_too_many(self):
        self.serve()
        clients = [await self.connect("/ws") for _ in range(300)]
        with self.assertRaises(Exception) as refused:
            await self.connect("/ws")
        self.assertEqual(refusal_of(refused.exception), 429)
        await clients[0].send("here")
        self.assertEqual(await asyncio.wait_for(clients[0].recv(), DEADLINE), "Echo: here")
        await asyncio.gather(*(client.close() for client in clients))


if __name__ == "__main__":
    unittest.main()
