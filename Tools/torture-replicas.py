#!/usr/bin/env python3
"""Kills replicas of `polyphony serve` behind nginx while streams adapt, and checks that no stream is lost.

    Tools/torture-replicas.py PROGRAM --model FOLDER [--adapt inputs] [--kills 40] [--seed 1] [--nginx /usr/sbin/nginx]

Two services share a state folder. nginx sends each stream to one of them by the field `X-Sequence-Id`, and to the other
one while the first is gone. A stream learns from one batch of numbers again and again, so its answer after k batches is
known for every k. An answer must be that of the same stream, after at most as many batches as were sent. It may be of
fewer batches than the answer before only after a kill. At times a service is stopped with SIGTERM instead. Then, and when
a service comes back and takes its streams over from a running one, no batch may be lost.
"""

import argparse
import importlib.util
import pathlib
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

_spec = importlib.util.spec_from_file_location("service", pathlib.Path(__file__).with_name("torture-service.py"))
service = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(service)

CONFIGURATION = """
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ worker_connections 256; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  upstream polyphony {{
    hash $http_x_sequence_id consistent;
    server 127.0.0.1:{ports[0]} max_fails=0;
    server 127.0.0.1:{ports[1]} max_fails=0;
    keepalive 16;
  }}
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass http://polyphony; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_next_upstream error timeout http_503 non_idempotent; proxy_connect_timeout 1s;
      add_header X-Replica $upstream_addr always;
    }}
  }}
}}
"""


class Replica(service.Server):
    """A service on a fixed port, so that nginx finds it again."""

    def __init__(self, options, port, state):
        super().__init__(options, state, options.most, port, ["--drain", "1.5"])


class Stream(service.Stream):
    """A client's knowledge of a stream that one of two services has."""

    def __init__(self, number, inputs, answers, kills):
        self.kills = kills
        super().__init__(number, inputs, answers)

    def begin_anew(self):
        super().begin_anew()
        self.name = f"stream%20{self.number}%2C%20{self.generation}"
        # The kills before the latest answer.
        self.seen = self.kills[0]

    def meet(self, port):
        """Sends a batch, and returns the batches that a kill has taken away and the service that answered."""
        if self.most >= len(self.answers):
            self.begin_anew()
        # Without an answer, each of the two services may have learned from this batch.
        bound, self.most, kills = self.most, self.most + 2, self.kills[0]
        with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
            status, document, fields = service.converse(
                connection, "POST", "/v2/models/m/infer", self.body, {"X-Sequence-Id": self.name}
            )
        if status in (502, 503, 504):
            return None
        if status != 200 or fields.get("x-sequence-id") != self.name:
            raise ValueError(f"stream {self.number} gets {status}, {document}, {fields}")
        replicas = fields["x-replica"].split(", ")
        # A service that was killed before its answer arrived may have saved what it learned.
        most, least = bound + len(replicas) - 1, self.reached if self.kills[0] == self.seen else 0
        found = self.places.get(tuple(document["outputs"][0]["data"]), [])
        possible = [place for place in found if least <= place <= most]
        if not possible:
            raise ValueError(f"stream {self.number} is at batch {found}, and not at {least} to {most}")
        lost = max(0, self.reached - max(possible))
        (self.reached, self.most) = (min(possible) + 1, max(possible) + 1)
        self.seen = kills
        return lost, replicas[-1]


def free_ports(count):
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [own.getsockname()[1] for own in sockets]
    for own in sockets:
        own.close()
    return ports


def torture(options, folder):
    chance = random.Random(options.seed)
    inputs, answers = service.known_answers(options)
    ports = free_ports(3)
    (folder / "nginx.conf").write_text(CONFIGURATION.format(folder=folder, ports=ports, port=ports[2]))
    replicas = [Replica(options, port, folder / "state") for port in ports[:2]]
    nginx = subprocess.Popen([options.nginx, "-p", folder, "-c", folder / "nginx.conf"], stderr=subprocess.DEVNULL)
    kills = [0]
    counts = {"answers": 0, "refusals": 0, "lost": 0, "moves": 0}
    problems, is_over = [], threading.Event()

    def client(own):
        """Sends batches to some streams, and follows where they are answered."""
        replicas = {}
        try:
            while not is_over.is_set():
                for stream in own:
                    try:
                        outcome = stream.meet(ports[2])
                    except OSError:
                        outcome = None
                    if outcome is None:
                        counts["refusals"] += 1
                        time.sleep(0.05)
                        continue
                    lost, replica = outcome
                    counts["moves"] += replicas.get(stream, replica) != replica
                    replicas[stream] = replica
                    counts["answers"] += 1
                    counts["lost"] += lost
                time.sleep(0.01)
        except BaseException as problem:
            problems.append(problem)

    streams = [Stream(number, inputs, answers[number], kills) for number in range(service.STREAMS)]
    threads = [threading.Thread(target=client, args=(streams[place :: service.CLIENTS],)) for place in range(service.CLIENTS)]
    time.sleep(0.5)
    try:
        for thread in threads:
            thread.start()
        stops = 0
        for number in range(options.kills):
            time.sleep(chance.uniform(0.5, 3))
            place = chance.randrange(2)
            if chance.random() < 0.2:
                stops += 1
                if replicas[place].end(signal.SIGTERM) != 0:
                    sys.exit("a service did not end with 0")
            else:
                # Answers on their way may be those of a state that the kill takes away.
                kills[0] += 1
                replicas[place].end(signal.SIGKILL)
                kills[0] += 1
            said = [line for line in replicas[place].lines if "warning" in line]
            time.sleep(chance.uniform(0, 1.5))
            replicas[place] = Replica(options, ports[place], folder / "state")
            if problems or said:
                sys.exit(f"kill {number} (seed {options.seed}): {problems} {said}")
        time.sleep(3)
        overtaken = sum(replica.metric("polyphony_streams_overtaken_total") for replica in replicas)
    finally:
        is_over.set()
        for thread in threads:
            thread.join()
        nginx.terminate()
        nginx.wait()
    for replica in replicas:
        if replica.end(signal.SIGTERM) != 0:
            sys.exit("a service did not end with 0")
    if problems:
        sys.exit(f"seed {options.seed}: {problems}")
    service.check_files(folder / "state")
    print(
        f"{options.kills - stops} kills and {stops} stops, {counts['answers']} answers, {counts['refusals']} requests "
        f"without a prediction; streams went to another service {counts['moves']} times; batches lost by kills: "
        f"{counts['lost']}; states overtaken: {overtaken}; all files whole"
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program")
    parser.add_argument("--model", required=True)
    parser.add_argument("--nginx", default="/usr/sbin/nginx")
    parser.add_argument("--adapt", default="inputs", help="the method of the streams")
    parser.add_argument("--kills", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--most", type=int, default=4, help="streams of a service in memory")
    parser.add_argument("--batches", type=int, default=200, help="the most batches of a stream that are known")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        # The workers of nginx have another user if this one is root.
        pathlib.Path(folder).chmod(0o711)
        torture(options, pathlib.Path(folder))


if __name__ == "__main__":
    main()
