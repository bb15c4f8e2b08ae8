"""Prints TAP: every function of a module whose name begins with a verb of a test is one case.

    CASES = tap.Cases()

    @CASES.case
    def a_sentence_about_what_holds(): ...

    if __name__ == "__main__":
        CASES.run()

A case fails when it raises; it is skipped when it raises Skip. Everything a case leaves to clean up
(CASES.defer) is done after it, whatever happened.
"""
import sys
import time
import traceback


class Skip(Exception):
    pass


class Cases:
    def __init__(self):
        self.cases, self.deferred, self.at_end = [], [], []

    def case(self, function):
        self.cases.append(function)
        return function

    def defer(self, function, *args):
        """To be called after the case that is running, the last one first."""
        self.deferred.append((function, args))

    def finally_do(self, function, *args):
        """To be called after all cases."""
        self.at_end.append((function, args))

    def run(self):
        only = sys.argv[1] if len(sys.argv) > 1 else ""
        chosen = [function for function in self.cases if only in function.__name__]
        print(f"1..{len(chosen)}", flush=True)
        failed = 0
        try:
            for number, function in enumerate(chosen, 1):
                failed += not self._run_one(number, function)
        finally:
            problems = self._drain(self.at_end)
        for text in problems:
            print("# at the end: " + text.replace("\n", "\n# "), flush=True)
        sys.exit(1 if failed or problems else 0)

    def _run_one(self, number, function):
        problem, skipped = None, None
        begin = time.monotonic()
        try:
            function()
        except Skip as skip:
            skipped = str(skip)
        except Exception:  # pylint: disable=broad-except
            problem = traceback.format_exc()
        problem = "\n".join(filter(None, [problem, *self._drain(self.deferred)]))
        name = function.__name__
        if problem:
            print(f"not ok {number} - {name}\n# " + problem.rstrip().replace("\n", "\n# "),
                  flush=True)
        elif skipped:
            print(f"ok {number} - {name} # SKIP {skipped}", flush=True)
        else:
            print(f"ok {number} - {name}", flush=True)
        if time.monotonic() - begin > 1:
            print(f"# took {time.monotonic() - begin:.1f} s", flush=True)
        return not problem

    @staticmethod
    def _drain(actions):
        problems = []
        while actions:
            function, args = actions.pop()
            try:
                function(*args)
            except Exception:  # pylint: disable=broad-except
                problems.append(traceback.format_exc())
        return problems


def equal(got, want, what=""):
    if got != want:
        raise AssertionError(f"{what + ': ' if what else ''}{got!r} is not {want!r}")


def true(condition, what):
    if not condition:
        raise AssertionError(what)


def contains(whole, part):
    if part not in whole:
        raise AssertionError(f"{part!r} is not in {whole!r}")
