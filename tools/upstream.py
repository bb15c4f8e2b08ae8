"""Gets a pinned source package from the distribution without touching the system's apt.

Used by tools/engine-source and tools/math-source. A pin is a file third_party/NAME/UPSTREAM of
"key: value" lines: package, kind (deb or source), version, sha256 (of the .deb, or of the upstream
tarball of a source package) and suites, in the order to look. Look-up order: the local cache
(NSL_CACHE, else ~/.cache/nsl), then each suite by a private apt: own lists, own state, own cache, the
mirror and key of this machine's configuration, signatures checked.

Test hook: NSL_TEST_MIRROR="[apt options] URI" replaces the machine's mirror.
"""
import contextlib
import fcntl
import functools
import glob
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
EXIT_FAILED, EXIT_GONE = 1, 3
KEYRINGS = ("/usr/share/keyrings/debian-archive-keyring.gpg",
            "/usr/share/keyrings/debian-archive-keyring.pgp")


class Failure(Exception):
    """Ends the tool with a message and an exit status."""

    def __init__(self, message, status=EXIT_FAILED):
        super().__init__(message)
        self.status = status


def say(message):
    print(f"{os.path.basename(sys.argv[0])}: {message}", flush=True)


def hash_file(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()


def hash_files(paths):
    """One hash over names and contents."""
    lines = [f"{os.path.basename(path)} {hash_file(path)}\n" for path in sorted(paths)]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def read_fields(path):
    fields = {}
    with open(path, encoding="utf-8") as file:
        for line in file:
            key, colon, value = line.strip().partition(":")
            if colon and not key.startswith("#"):
                fields[key] = value.strip()
    return fields


def read_pin(path):
    pin = read_fields(path)
    for key in ("package", "kind", "version", "sha256", "suites"):
        if not pin.get(key):
            raise Failure(f"{path}: '{key}' is missing")
    return pin


# --- The machine's mirror.

def parse_one_line(text):
    """Yields (uri, suites, signed_by) of 'deb [options] uri suite component...' lines."""
    for line in text.splitlines():
        match = re.match(r"\s*deb\s+(?:\[([^]]*)\]\s+)?(\S+)\s+(\S+)", line)
        if match:
            signed = re.search(r"signed-by=(/\S+)", match[1] or "", re.IGNORECASE)
            yield match[2], [match[3]], signed[1] if signed else None


def parse_deb822(text):
    """Yields (uri, suites, signed_by) of the stanzas of a .sources file."""
    for stanza in re.split(r"\n\s*\n", text):
        lines = [line for line in stanza.splitlines() if not line.startswith("#")]
        fields, key = {}, None
        for line in lines:
            match = re.match(r"([A-Za-z-]+):(.*)$", line)
            if match:
                key = match[1].lower()
                fields[key] = match[2].split()
            elif key:
                fields[key] += line.split()
        enabled = (fields.get("enabled") or ["yes"])[0].lower() not in ("no", "false", "0")
        if enabled and "deb" in fields.get("types", []) and fields.get("uris"):
            signed = (fields.get("signed-by") or [""])[0]
            yield fields["uris"][0], fields.get("suites", []), (
                signed if signed.startswith("/") else None)


def machine_entries(etc="/etc/apt"):
    entries = []
    for path in [f"{etc}/sources.list"] + sorted(glob.glob(f"{etc}/sources.list.d/*")):
        parser = parse_deb822 if path.endswith(".sources") else parse_one_line
        if path.endswith((".list", ".sources")) and os.path.isfile(path):
            with open(path, encoding="utf-8", errors="replace") as file:
                entries += parser(file.read())
    return entries


def os_codename():
    match = re.search(r"^VERSION_CODENAME=\"?([a-z]+)",
                      open("/etc/os-release", encoding="utf-8").read(), re.MULTILINE)
    return match[1] if match else ""


def machine_mirror(etc="/etc/apt"):
    """Returns '[options] uri' of the entry that serves this machine's own release."""
    names = {os_codename(), "stable", "oldstable", "testing", "unstable", "sid"} - {""}
    for uri, suites, signed_by in machine_entries(etc):
        if names & set(suites):
            keyrings = [signed_by] if signed_by else [path for path in KEYRINGS
                                                      if os.path.exists(path)]
            options = f"[signed-by={keyrings[0]}] " if keyrings else ""
            return options + uri
    raise Failure(f"no entry for this release in {etc}/sources.list or {etc}/sources.list.d")


# --- The private apt.

class PrivateApt:
    """One suite of the mirror in a directory of its own. Use as a context manager."""

    def __init__(self, suite, kind):
        self.suite, self.kind = suite, kind
        self.dir = tempfile.mkdtemp(prefix="nsl-apt-")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.dir, ignore_errors=True)

    def run(self, *command, where=None):
        env = dict(os.environ, APT_CONFIG=f"{self.dir}/apt.conf", LC_ALL="C.UTF-8")
        return subprocess.run(command, cwd=where or self.dir, env=env, text=True, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def configure(self):
        mirror = os.environ.get("NSL_TEST_MIRROR") or machine_mirror()
        word = "deb-src" if self.kind == "source" else "deb"
        for path in ("parts", "preferences", "lists/partial", "cache/archives/partial"):
            os.makedirs(f"{self.dir}/{path}")
        settings = {
            "Dir::Etc::sourcelist": f"{self.dir}/sources.list",
            "Dir::Etc::sourceparts": f"{self.dir}/parts",
            "Dir::Etc::preferencesparts": f"{self.dir}/preferences",
            "Dir::State::lists": f"{self.dir}/lists",
            "Dir::State::status": f"{self.dir}/status",
            "Dir::Cache": f"{self.dir}/cache",
            "APT::Sandbox::User": "root",
            # A list that a mirror has not renewed is still signed, and what is taken from it is
            # pinned by its hash; a build must not break because time has passed.
            "Acquire::Check-Valid-Until": "false",
            "Acquire::Languages": "none",
            "Acquire::Retries": "3",
            "Acquire::AllowInsecureRepositories": "false",
        }
        files = {"sources.list": f"{word} {mirror} {self.suite} main\n", "status": "",
                 "apt.conf": "".join(f'{key} "{value}";\n' for key, value in settings.items())}
        for name, text in files.items():
            with open(f"{self.dir}/{name}", "w", encoding="utf-8") as file:
                file.write(text)

    def update(self):
        """False when the suite is not there; the reason is printed."""
        self.configure()
        done = self.run("apt-get", "-q", "update")
        bad = [line for line in done.stdout.splitlines() if re.match(r"(E|W|Err):?", line)]
        if done.returncode != 0 or any(line.startswith("E") for line in bad):
            say(f"{self.suite}: apt-get update failed: " + " / ".join(bad[:3]))
            return False
        return True

    def versions(self, package):
        rows = self.run("apt-cache", "madison", package).stdout.splitlines()
        rows = [[cell.strip() for cell in row.split("|")] for row in rows if row.count("|") == 2]
        return sorted({row[1] for row in rows if row[0] == package},
                      key=functools.cmp_to_key(compare_versions), reverse=True)

    def download(self, package, version):
        """Returns the path of the .deb or of the upstream tarball."""
        where = tempfile.mkdtemp(dir=self.dir)
        if self.kind == "source":
            verb, pattern = ("source", "--download-only", "--tar-only"), "*.orig.tar.?z*"
        else:
            verb, pattern = ("download",), "*.deb"
        done = self.run("apt-get", "-q", *verb, f"{package}={version}", where=where)
        found = [path for path in glob.glob(f"{where}/{package}_{pattern}")
                 if not path.endswith(".asc")]
        if done.returncode != 0 or len(found) != 1:
            raise Failure(f"cannot download {package} {version} from {self.suite}:\n{done.stdout}")
        return found[0]


def compare_versions(left, right):
    for word, sign in (("lt", -1), ("gt", 1)):
        if subprocess.run(["dpkg", "--compare-versions", left, word, right], check=False).returncode == 0:
            return sign
    return 0


# --- The cache and the look-up.

def cache_dir():
    given = os.environ.get("NSL_CACHE")
    home = os.environ.get("HOME", "")
    path = given or (f"{home}/.cache/nsl" if os.path.isdir(home) else f"{ROOT}/.deps/cache")
    try:
        os.makedirs(path, exist_ok=True)
    except OSError:
        path = f"{ROOT}/.deps/cache"
        os.makedirs(path, exist_ok=True)
    return path


def from_cache(pin):
    path = f"{cache_dir()}/{pin['sha256']}"
    if os.path.exists(path) and hash_file(path) == pin["sha256"]:
        return path
    return None


def into_cache(path):
    """Keeps a downloaded file under its hash; returns where."""
    kept = f"{cache_dir()}/{hash_file(path)}"
    shutil.copyfile(path, kept + ".new")
    os.replace(kept + ".new", kept)
    return kept


def is_pinned_version(pin, version):
    """A source package is pinned by its upstream tarball, so the revision after it is free."""
    if pin["kind"] == "source":
        version = version.rpartition("-")[0] or version
    return version == pin["version"]


def obtain_pinned(pin):
    """Returns the path of the pinned file. Failure with EXIT_GONE when no suite has it any more."""
    path = from_cache(pin)
    if path:
        return path
    reached, seen = False, []
    for suite in pin["suites"].split():
        with PrivateApt(suite, pin["kind"]) as apt:
            if not apt.update():
                continue
            reached = True
            versions = apt.versions(pin["package"])
            seen += [f"{suite} has {' '.join(versions) or 'none'}"]
            matching = [version for version in versions if is_pinned_version(pin, version)]
            if not matching:
                continue
            file = apt.download(pin["package"], matching[0])
            found = hash_file(file)
            if found != pin["sha256"]:
                raise Failure(f"{pin['package']} {pin['version']} from {suite} has sha256 {found}, "
                              f"pinned is {pin['sha256']}: refused")
            return into_cache(file)
    if not reached:
        raise Failure(f"no suite of the mirror could be read ({pin['suites']}); is the network up?")
    raise Failure(f"{pin['package']} {pin['version']} is no longer on the mirror "
                  f"({'; '.join(seen)})", EXIT_GONE)


def obtain_floating(pin, is_usable):
    """Returns (path, version) of the newest version that is_usable(path, version) accepts."""
    refused = []
    for suite in pin["suites"].split():
        with PrivateApt(suite, pin["kind"]) as apt:
            if not apt.update():
                continue
            for version in apt.versions(pin["package"]):
                if version in refused:
                    continue
                file = into_cache(apt.download(pin["package"], version))
                if is_usable(file, version):
                    return file, version
                refused.append(version)
    raise Failure(f"no version of {pin['package']} on the mirror can be used"
                  + (f" (tried {' '.join(refused)})" if refused else ""))


# --- Putting a source tree in place.

def install_tree(new, final):
    """Moves new to final. A file whose content did not change keeps its time, so nothing that
    depends on it alone is rebuilt; every other file gets the current time."""
    for base, _, names in os.walk(new):
        for name in names:
            path = os.path.join(base, name)
            old = os.path.join(final, os.path.relpath(path, new))
            if os.path.isfile(old) and hash_file(old) == hash_file(path):
                shutil.copystat(old, path)
            else:
                os.utime(path)
    stale = final + ".old"
    shutil.rmtree(stale, ignore_errors=True)
    if os.path.exists(final):
        os.rename(final, stale)
    os.rename(new, final)
    shutil.rmtree(stale, ignore_errors=True)


def is_current(stamp, header, inputs):
    """Whether the tree beside the stamp was made from these inputs and may be used now."""
    if not os.path.isfile(header) or not os.path.isfile(stamp):
        return False
    fields = read_fields(stamp)
    may_float = os.environ.get("NSL_ENGINE_FLOAT") == "1"
    return fields.get("inputs") == inputs and (fields.get("pinned") == "1" or may_float)


def write_stamp(stamp, inputs, package, version, is_pinned):
    with open(stamp, "w", encoding="utf-8") as file:
        file.write(f"inputs: {inputs}\npackage: {hash_file(package)}\n"
                   f"version: {version}\npinned: {int(is_pinned)}\n")


@contextlib.contextmanager
def only_one(directory):
    """Makes a second run of the tool on the same directory wait for the first."""
    os.makedirs(directory, exist_ok=True)
    with open(f"{directory}/lock", "w", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def run_tool(main):
    try:
        main()
        return 0
    except Failure as failure:
        print(f"{os.path.basename(sys.argv[0])}: {failure}", file=sys.stderr)
        return failure.status
