"""Where things are and what machine this is."""
import os
import re
import subprocess

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BENCH = os.path.join(ROOT, "bench")
BUILD = os.path.join(ROOT, os.environ.get("NSL_BUILD", "build"))
WORK = os.path.join(BUILD, "bench")  # everything a run writes, apart from results.json


class Failure(Exception):
    """A benchmark that cannot give its number, and why."""


def describe():
    """CPU model, cores and kernel, for example 'Xeon, 2 cores, Linux 6.1.0'."""
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        text = file.read()
    model = re.search(r"^model name\s*:\s*(.*)$", text, re.MULTILINE)
    system = os.uname()
    name = model[1].strip() if model else system.machine
    cores = len(os.sched_getaffinity(0))
    return f"{name}, {cores} core{'s' if cores != 1 else ''}, {system.sysname} {system.release}"


def setting(name, default, low, high):
    """A bounded whole number from the environment."""
    text = os.environ.get(name, str(default))
    if not text.isdigit() or not low <= int(text) <= high:
        raise Failure(f"{name}={text}: a whole number from {low} to {high} is allowed")
    return int(text)


def build_target(target):
    """Builds one program of bench/meson.build and returns its path."""
    if not os.path.isfile(f"{BUILD}/build.ninja"):
        run_tool(["make", "-C", ROOT], 1800)
    run_tool(["ninja", "-C", BUILD, target], 1800)
    return os.path.join(BUILD, target)


def run_tool(command, timeout_s, cwd=None):
    """Runs a command to its end and returns its output; its output is the message when it fails."""
    try:
        done = subprocess.run(command, cwd=cwd or ROOT, stdin=subprocess.DEVNULL, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
                              timeout=timeout_s)
    except FileNotFoundError as error:
        raise Failure(f"{command[0]} is not installed") from error
    except subprocess.TimeoutExpired as error:
        raise Failure(f"{' '.join(command)}: not done after {timeout_s} s") from error
    if done.returncode != 0:
        tail = "\n".join(done.stdout.strip().splitlines()[-15:])
        raise Failure(f"{' '.join(command)} ended with {done.returncode}:\n{tail}")
    return done.stdout
