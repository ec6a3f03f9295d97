"""A PostgreSQL of one's own, and how much memory a command takes: what the scripts that measure share."""

import atexit
import os
import pathlib
import pwd
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

TICKS = os.sysconf("SC_CLK_TCK")


def run(command, **options):
    done = subprocess.run(command, capture_output=True, text=True, **options)
    if done.returncode:
        sys.exit(f"{command if isinstance(command, str) else ' '.join(map(str, command))}\n{done.stdout}{done.stderr}")
    return done.stdout


class Server:
    """A private PostgreSQL, stopped at the end; as another user when this is root, whom it refuses."""

    user = "bench"

    def __init__(self, folder, **changed):
        self.data = folder / "server"
        versions = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
        self.programs = pathlib.Path(os.environ.get("MAPPER_TEST_POSTGRES_BIN") or (versions or ["/usr/bin"])[-1])
        if not (self.programs / "initdb").exists():
            sys.exit("PostgreSQL is not installed; do: scripts/servers install")
        self.prefix = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"] if os.getuid() == 0 else []
        if not (self.data / "PG_VERSION").exists():
            shutil.rmtree(self.data, ignore_errors=True)
            self.data.mkdir(mode=0o700)
            if self.prefix:
                owner = pwd.getpwnam("postgres")
                os.chown(self.data, owner.pw_uid, owner.pw_gid)
            self.do("initdb", "-D", self.data, "-U", self.user, "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        settings = {"listen_addresses": "127.0.0.1", "port": self.port, "unix_socket_directories": self.data,
                    "shared_buffers": "1GB", "max_wal_size": "8GB", "checkpoint_timeout": "60min", "autovacuum": "off",
                    "timezone": "UTC", "log_min_messages": "error", **changed}
        options = " ".join(f"-c {name}={value}" for name, value in settings.items())
        self.do("pg_ctl", "-D", self.data, "-w", "-l", self.data / "log", "-o", options, "start", stdout=subprocess.DEVNULL)
        atexit.register(self.stop)
        self.pid = int(run([*self.prefix, "head", "-1", self.data / "postmaster.pid"], cwd="/"))

    def do(self, program, *arguments, **options):
        # Its output must not be a pipe: the server would hold it open.
        with tempfile.TemporaryFile("w+") as told:
            done = subprocess.run([*self.prefix, self.programs / program, *arguments], cwd="/", stdin=subprocess.DEVNULL,
                                  **{"stdout": told, "stderr": told, **options})
            if done.returncode:
                told.seek(0)
                sys.exit(f"{program} failed:\n{told.read()}")

    def stop(self):
        subprocess.run([*self.prefix, self.programs / "pg_ctl", "-D", self.data, "-w", "-m", "fast", "stop"], cwd="/",
                       stdout=subprocess.DEVNULL)

    def sql(self, *arguments):
        """What psql prints; without `-d` the database is that of the environment."""
        connection = {"PGHOST": "127.0.0.1", "PGPORT": str(self.port), "PGUSER": self.user, "PGSSLMODE": "disable"}
        return run([self.programs / "psql", "-X", "-q", "-At", "-v", "ON_ERROR_STOP=1", *arguments],
                   env={**os.environ, **connection})

    def url(self, database):
        return f"postgres://{self.user}@127.0.0.1:{self.port}/{database}?sslmode=disable"

    def processor_seconds(self):
        """Of all its processes, those that ended too."""
        total = 0
        for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = stat.read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(stat.parent.name) == self.pid:
                total += sum(map(int, fields[11:15]))
            elif int(fields[1]) == self.pid:
                total += sum(map(int, fields[11:13]))
        return total / TICKS


class Memory(threading.Thread):
    """The most that one process of the command has held, by what the system keeps for each."""

    def __init__(self, group):
        super().__init__(daemon=True)
        self.group, self.peak, self.over = group, 0, False

    def run(self):
        while not self.over:
            for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
                try:
                    if int(stat.read_text().rpartition(")")[2].split()[2]) != self.group:
                        continue
                    peak = re.search(r"VmHWM:\s+(\d+)", (stat.parent / "status").read_text())
                except OSError:
                    continue
                self.peak = max(self.peak, int(peak[1]) if peak else 0)
            time.sleep(0.05)
