"""A slow network inside one Linux machine: each host is a network namespace, and nothing of it stays behind.

A host has one network device. `tc` limits the rate at which the device sends (`tbf`). A process of this file carries
the packets from device to device, and holds each one back for the delay. Kernels without `netem` can do this too. It
needs root, and `ip`, `tc` and `/dev/net/tun`.
"""

import contextlib
import fcntl
import heapq
import multiprocessing
import os
import select
import signal
import struct
import subprocess
import time

PACKET = 4000  # bytes of the largest packet
SET_DEVICE, LAYER_3, NO_HEADER = 0x400454CA, 0x0001, 0x1000  # of <linux/if_tun.h>: TUNSETIFF, IFF_TUN, IFF_NO_PI


def run(*command):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(map(str, command))}: {done.stderr.strip() or done.returncode}")


def relay(devices, delay):
    """Carries packets between devices while its parent lives. The last byte of an address is a device's number."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = os.getppid()
    # The ranks would hold up the network, where they have all cores.
    with contextlib.suppress(OSError):
        os.nice(-10)
    waiting, count = [], 0
    while os.getppid() == parent:
        rest = max(0, waiting[0][0] - time.monotonic()) if waiting else 1
        readable = select.select(devices, [], [], rest)[0]
        now = time.monotonic()
        for device in readable:
            with contextlib.suppress(BlockingIOError):
                while True:
                    packet = os.read(device, PACKET + 100)
                    # Only IPv4 has a receiver here; a device also sends notices of IPv6.
                    if packet[0] >> 4 == 4 and 1 <= packet[19] <= len(devices):
                        heapq.heappush(waiting, (now + delay, count, devices[packet[19] - 1], packet))
                        count += 1
        while waiting and waiting[0][0] <= time.monotonic():
            _, _, device, packet = heapq.heappop(waiting)
            with contextlib.suppress(OSError):
                os.write(device, packet)


class Host:
    """A network namespace with one device."""

    def __init__(self, number, prefix):
        self.name = f"{prefix}-{number}"
        self.interface = f"slow{number}"
        self.address = f"10.77.0.{number}"

    def command(self, *words):
        """The words as a command of this host."""
        return ["ip", "netns", "exec", self.name, *words]


@contextlib.contextmanager
def hosts(count, delay, bandwidth):
    """Makes hosts whose packets take `delay` seconds and leave with `bandwidth` bytes per second, and removes them."""
    all_hosts = [Host(number, f"slow{os.getpid()}") for number in range(1, count + 1)]
    devices, carrier = [], None
    try:
        for host in all_hosts:
            devices.append(device(host, bandwidth))
        carrier = multiprocessing.get_context("fork").Process(target=relay, args=(devices, delay), daemon=True)
        carrier.start()
        yield all_hosts
    finally:
        if carrier:
            carrier.kill()
            carrier.join()
        # A device goes with its last open file, and a namespace with its name.
        for file in devices:
            os.close(file)
        for host in all_hosts:
            subprocess.run(["ip", "netns", "del", host.name], capture_output=True)


def device(host, bandwidth):
    """Makes the namespace of a host and its device, and returns the open file that carries the packets."""
    run("ip", "netns", "add", host.name)
    file = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    try:
        # The device has a name of its own while it is outside, for two networks may be made at a time.
        outside = f"s{os.getpid()}x{host.address.rsplit('.', 1)[1]}"[:15]
        fcntl.ioctl(file, SET_DEVICE, struct.pack("16sH22x", outside.encode(), LAYER_3 | NO_HEADER))
        run("ip", "link", "set", outside, "netns", host.name, "name", host.interface)
        inside = host.command()
        run(*inside, "ip", "link", "set", "lo", "up")
        run(*inside, "ip", "address", "add", f"{host.address}/24", "dev", host.interface)
        run(*inside, "ip", "link", "set", host.interface, "mtu", PACKET, "up")
        # A burst of little more than a packet: a larger one would let small tensors pass at once.
        limit = ["rate", f"{round(8 * bandwidth)}bit", "burst", PACKET + 500, "latency", "20s"]
        run(*inside, "tc", "qdisc", "add", "dev", host.interface, "root", "tbf", *limit)
    except BaseException:
        os.close(file)
        raise
    return file
