"""
Runs MiniStack for another process and never outlives it: when that process is gone, however it went, our standard
input ends, and we kill MiniStack with everything it started and remove its folder.

usage: guard.py <folder>      prints `exited <code>` when MiniStack ends by itself
"""

import os
import shutil
import signal
import subprocess
import sys
import threading


def main() -> None:
    folder = sys.argv[1]
    # Ctrl-C at the terminal is our owner's to handle; it lets us end by closing our input.
    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(signum, signal.SIG_IGN)
    # A session of its own: one kill then reaches the workers that run functions, too. The child must not inherit the
    # ignored signals, which MiniStack passes on to the functions' processes.
    ministack = subprocess.Popen(
        [sys.executable, "-m", "ministack"],
        stdin=subprocess.DEVNULL,
        stdout=sys.stderr,
        start_new_session=True,
        preexec_fn=default_signals,
    )
    threading.Thread(target=report_end, args=(ministack,), daemon=True).start()
    sys.stdin.buffer.read()
    try:
        os.killpg(ministack.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    ministack.wait()
    shutil.rmtree(folder, ignore_errors=True)


def default_signals() -> None:
    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(signum, signal.SIG_DFL)


def report_end(ministack: subprocess.Popen) -> None:
    try:
        print("exited", ministack.wait(), flush=True)
    except OSError:
        pass


main()
