"""One libtorrent session as a process: commands come as JSON lines on standard input, events leave as JSON lines.

The one argument is a JSON object of settings: "listen" (host:port), "tuned" (the settings of a measurement: queues and
watermarks raised, plain TCP only), "up" and "down" (bytes per second), "settings" (raw libtorrent settings).

Commands: {"cmd": "add", "torrent": path or "magnet": uri, "save": directory, "seed": bool, "peers": [[host, port]]},
{"cmd": "create", "path": path, "out": file, "piece": bytes, "trackers": [url]}, {"cmd": "quit"}. End of input quits too.
"""

import json
import os
import select
import sys
import time

import libtorrent as lt


def say(event, **fields):
    sys.stdout.write(json.dumps({"event": event, **fields}) + "\n")
    sys.stdout.flush()


def settings_from(options):
    settings = {
        "listen_interfaces": options.get("listen", "127.0.0.1:0"),
        "enable_dht": False,
        "enable_lsd": False,
        "enable_upnp": False,
        "enable_natpmp": False,
        "allow_multiple_connections_per_ip": True,
        "announce_to_all_trackers": True,
        "announce_to_all_tiers": True,
        "min_reconnect_time": 1,
        "min_announce_interval": 1,
        "unchoke_slots_limit": 50,
        "upload_rate_limit": options.get("up", 0),
        "download_rate_limit": options.get("down", 0),
        "alert_mask": lt.alert.category_t.error_notification
        | lt.alert.category_t.status_notification
        | lt.alert.category_t.tracker_notification
        | lt.alert.category_t.storage_notification,
    }
    # rates are for local peers too: by default libtorrent limits them like all others since 1.2
    if options.get("tuned"):
        settings.update(
            {
                "send_buffer_watermark": 16 << 20,
                "send_buffer_low_watermark": 1 << 20,
                "send_buffer_watermark_factor": 150,
                "max_out_request_queue": 4000,
                "max_allowed_in_request_queue": 8000,
                "max_queued_disk_bytes": 64 << 20,
                "hashing_threads": 2,
                "request_queue_time": 10,
                "enable_outgoing_utp": False,
                "enable_incoming_utp": False,
                "out_enc_policy": 2,
                "in_enc_policy": 2,
            }
        )
    settings.update(options.get("settings", {}))
    return settings


def create(command):
    storage = lt.file_storage()
    lt.add_files(storage, command["path"])
    torrent = lt.create_torrent(storage, command.get("piece", 0), lt.create_torrent.v1_only)
    for url in command.get("trackers", []):
        torrent.add_tracker(url)
    lt.set_piece_hashes(torrent, os.path.dirname(os.path.abspath(command["path"])))
    with open(command["out"], "wb") as out:
        out.write(lt.bencode(torrent.generate()))
    say("created", out=command["out"])


def add(session, command):
    if "magnet" in command:
        params = lt.parse_magnet_uri(command["magnet"])
    else:
        params = lt.add_torrent_params()
        params.ti = lt.torrent_info(command["torrent"])
    params.save_path = command["save"]
    params.flags &= ~lt.torrent_flags.auto_managed
    params.flags &= ~lt.torrent_flags.paused
    if command.get("seed"):
        params.flags |= lt.torrent_flags.seed_mode
    handle = session.add_torrent(params)
    for host, port in command.get("peers", []):
        handle.connect_peer((host, port))
    say("added", infoHash=str(handle.info_hash()))


first_byte = {}


def report(handle, seen, ended):
    status = handle.status()
    info_hash = str(status.info_hashes.v1)
    if status.total_payload_download > 0:
        first_byte.setdefault(info_hash, time.monotonic())
    received = seen.setdefault(info_hash, {})
    for peer in handle.get_peer_info():
        address = f"{peer.ip[0]}:{peer.ip[1]}"
        client = peer.client.decode("utf8", "replace") if isinstance(peer.client, bytes) else peer.client
        had = received.get(address, {"client": "", "bytes": 0, "sent": 0})
        received[address] = {
            "client": client or had["client"],
            "bytes": max(had["bytes"], peer.total_download),
            "sent": max(had["sent"], peer.total_upload),
        }
    fields = {
        "infoHash": info_hash,
        "state": str(status.state),
        "have": status.total_wanted_done,
        "size": status.total_wanted,
        "down": status.download_payload_rate,
        "up": status.upload_payload_rate,
        "uploaded": status.total_payload_upload,
        "peers": [{"address": address, **rest} for address, rest in received.items()],
    }
    if status.has_metadata and status.total_wanted_done == status.total_wanted and status.is_seeding:
        if info_hash not in ended:
            ended.add(info_hash)
            say("finished", seconds=time.monotonic() - first_byte.get(info_hash, time.monotonic()), **fields)
    say("progress", **fields)


def drain_alerts(session):
    for alert in session.pop_alerts():
        kind = alert.what()
        if kind == "tracker_reply":
            say("tracker", url=alert.url, peers=alert.num_peers)
        elif kind in ("tracker_error", "tracker_warning"):
            say("trackerError", message=alert.message())
        elif kind in ("torrent_error", "file_error", "metadata_failed", "hash_failed", "listen_failed"):
            say("problem", kind=kind, message=alert.message())


def main():
    options = json.loads(sys.argv[1]) if len(sys.argv) > 1 else {}
    session = lt.session(settings_from(options))
    deadline = time.monotonic() + 10
    while session.listen_port() == 0 and time.monotonic() < deadline:
        session.wait_for_alert(50)
        drain_alerts(session)
    say("listening", port=session.listen_port())
    seen, ended, pending = {}, set(), b""
    period = options.get("period", 0.1)
    while True:
        readable, _, _ = select.select([sys.stdin], [], [], period)
        if readable:
            data = os.read(sys.stdin.fileno(), 65536)
            if not data:
                break
            pending += data
            *lines, pending = pending.split(b"\n")
            for line in lines:
                command = json.loads(line)
                if command["cmd"] == "add":
                    add(session, command)
                elif command["cmd"] == "create":
                    create(command)
                elif command["cmd"] == "quit":
                    return
        drain_alerts(session)
        for handle in session.get_torrents():
            report(handle, seen, ended)


main()
