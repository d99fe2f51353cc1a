"""The machine in words, without its name."""

import os
import pathlib
import platform
import re
import subprocess


def answer(*command):
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def processor():
    information = pathlib.Path("/proc/cpuinfo")
    if information.exists():
        found = re.search(r"^model name\s*:\s*(.+)$", information.read_text(), re.MULTILINE)
        if found:
            return found.group(1)
    return answer("sysctl", "-n", "machdep.cpu.brand_string") or platform.machine()


def memory():
    try:
        return f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GB"
    except (ValueError, OSError):
        return "unknown"


def system():
    release = pathlib.Path("/etc/os-release")
    if release.exists():
        found = re.search(r'^PRETTY_NAME="?([^"\n]+)', release.read_text(), re.MULTILINE)
        if found:
            return found.group(1)
    return f"{platform.system()} {platform.release()}"


def swift():
    found = re.search(r"Swift version (\S+)", answer("swift", "--version"))
    return found.group(1) if found else "unknown"


def commit(folder):
    return answer("git", "-C", str(folder), "describe", "--always", "--dirty") or "unknown"
