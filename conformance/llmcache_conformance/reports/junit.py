"""A report as JUnit XML, for build servers."""

from xml.etree import ElementTree as ET

from llmcache_conformance.report import Report
from llmcache_conformance.result import Result, Status


def as_junit(report: Report) -> str:
    """Return the report as one JUnit document.

    What keeps the run from being a success is a failure or an error there; what is unsupported, waived or left out by
    name is skipped, with its reason, because JUnit has no other word for it.
    """
    results = report.results
    suite = ET.Element(
        "testsuite",
        name=f"llmcache conformance of {_clean(report.store)}",
        tests=str(len(results)),
        failures=str(sum(result.status is Status.FAIL for result in results)),
        errors=str(sum(result.is_bad and result.status is not Status.FAIL for result in results)),
        skipped=str(sum(_is_skipped(result) for result in results)),
        time=f"{sum(result.seconds for result in results):.3f}",
        timestamp=report.made.isoformat(),
    )
    properties = ET.SubElement(suite, "properties")
    said = {"verdict": report.verdict, "claim": report.claim, "clock": report.clock, **report.versions}
    for name, value in said.items():
        ET.SubElement(properties, "property", name=name, value=_clean(value))
    for result in results:
        _add(suite, result)
    root = ET.Element("testsuites")
    root.append(suite)
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _add(suite: ET.Element, result: Result) -> None:
    place = f"{result.profile}.{result.family}".replace(" ", "_")
    case = ET.SubElement(suite, "testcase", classname=place, name=result.check, time=f"{result.seconds:.3f}")
    if result.status is Status.PASS:
        return
    kind = "skipped" if _is_skipped(result) else "failure" if result.status is Status.FAIL else "error"
    told = ET.SubElement(case, kind, message=_clean(f"{result.status.value}: {result.why}"))
    told.text = _clean(f"{result.says} ({', '.join(result.clauses)})")


def _is_skipped(result: Result) -> bool:
    return not result.is_bad and result.status is not Status.PASS


def _clean(text: str) -> str:
    """Return `text` without characters that XML cannot hold; bodies and names of cases are full of them."""
    return "".join(one if one.isprintable() or one == "\n" else repr(one)[1:-1] for one in text)
