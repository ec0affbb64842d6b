"""Fills the tables of chapter 13 in, in both languages, from a report.

A table is between `<!-- figures NAME -->` and `<!-- /figures -->`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from . import figures
from .against import read_report
from .stacks import ROOT, STACKS
from .tables import Row, Section, count_disturbed
from .workers import MEASURED, SETUPS, never_arrive

PAGES = {"en": ROOT / "docs" / "13_speed.md", "zh": ROOT / "docs" / "zh-TW" / "13_speed.md"}
_BLOCK = re.compile(r"(<!-- figures (\w+) -->\n).*?(<!-- /figures -->)", re.DOTALL)

_ZH = {
    "measure": "量測項目",
    "delivered a second": "每秒送達",
    "setup": "設定",
    "chats": "聊天室數",
    "for each second of CPU": "每 CPU 秒送達",
    "99 % within": "99 % 在此時間內送達",
    "never arrive": "永遠收不到",
    "falls": "撐不住",
    "did not recover": "沒有恢復",
    "not measured": "未測量",
    "nothing to build": "不需建置",
    "in its framework": "在框架裡",
    "none": "沒有",
    "one": "一個",
    "FastAPI, the tutorial’s": "FastAPI（原教學）",
    "Flask-SocketIO, corrected": "Flask-SocketIO（修正版）",
    "FastAPI, corrected": "FastAPI（修正版）",
    "echo: round trips for each second of CPU": "回音：每 CPU 秒來回次數",
    "chat, 100 members: delivered for each second of CPU": "聊天，100 人：每 CPU 秒送達",
    "busy chat: delivered for each second of CPU": "忙碌聊天：每 CPU 秒送達",
    "chat, 1,000 members: delivered for each second of CPU": "聊天，1,000 人：每 CPU 秒送達",
    "memory of a connection, of 100": "每條連線的記憶體，100 條時",
    "memory of a connection, of 1,000": "每條連線的記憶體，1,000 條時",
    "memory of a connection, of 5,000": "每條連線的記憶體，5,000 條時",
    "one stuck reader: the longest wait of another": "有一人不讀：其他人最久等多久",
    "from the command to the first answer": "從下指令到第一個回應",
    "from a changed line to the first answer": "從改一行到第一個回應",
    "to build it from nothing": "從零開始建置",
    "installed, to run it": "執行時要安裝的大小",
    "installed, to build it": "建置時要安裝的大小",
    "lines of the chat itself": "聊天程式本身的行數",
    "lines of the layer under it": "底下那一層的行數",
    "FastAPI, corrected: one worker": "FastAPI（修正版），一個 worker",
    "FastAPI, corrected: uvicorn --workers 2": "FastAPI（修正版），uvicorn --workers 2",
    "FastAPI of chapter 16: --workers 2, Redis Streams": "第 16 章的 FastAPI，--workers 2，"
    "Redis Streams",
    "C++: one worker": "C++，一個 worker",
    "C++: --workers 2": "C++，--workers 2",
    "C++: --workers 2 --redis": "C++，--workers 2 --redis",
}
# section, row, what chapter 13 calls it
_COST = (
    ("echo", "per_cpu_second", "echo: round trips for each second of CPU"),
    ("chat_100", "per_cpu_second", "chat, 100 members: delivered for each second of CPU"),
    ("chat_busy", "per_cpu_second", "busy chat: delivered for each second of CPU"),
    ("chat_1000", "per_cpu_second", "chat, 1,000 members: delivered for each second of CPU"),
    ("memory", "idle_100", "memory of a connection, of 100"),
    ("memory", "idle_1000", "memory of a connection, of 1,000"),
    ("memory", "idle_5000", "memory of a connection, of 5,000"),
    ("stall", "silence_ms", "one stuck reader: the longest wait of another"),
)
_CLASS = (
    ("classroom", "start_ms", "from the command to the first answer"),
    ("classroom", "change_ms", "from a changed line to the first answer"),
    ("classroom", "build_ms", "to build it from nothing"),
    ("classroom", "run_mib", "installed, to run it"),
    ("classroom", "build_mib", "installed, to build it"),
    ("lines", "program", "lines of the chat itself"),
    ("lines", "layer", "lines of the layer under it"),
)


def fill_chapter(report: Path) -> int:
    """Writes the tables of both pages."""
    result, sections = read_report(report)
    for language, page in PAGES.items():
        text = page.read_text(encoding="utf-8")
        filled = fill(text, tables(result, sections, language))
        page.write_text(filled, encoding="utf-8")
        print(f"{page.relative_to(ROOT)}: {len(_BLOCK.findall(text))} tables")
    return 0


def fill(text: str, found: dict[str, str]) -> str:
    """A page with its tables put in; one that the report lacks stays as it is."""

    def put(block: re.Match[str]) -> str:
        table = found.get(block[2])
        return f"{block[1]}{table}\n{block[3]}" if table else block[0]

    return _BLOCK.sub(put, text)


def tables(result: dict[str, Any], sections: list[Section], language: str) -> dict[str, str]:
    """Each table by its name."""
    said: Callable[[str], str] = (lambda text: text) if language == "en" else _in_chinese
    found = {section.name: section for section in sections}
    made = {
        "where": _where(result, language),
        "offered": _offered(found.get("offered"), said),
        "cost": _rows(_COST, found, said),
        "class": _rows(_CLASS, found, said),
        "workers": _workers(result.get("workers") or {}, said),
    }
    if language == "zh":
        made = {name: re.sub(r"(?<=\d) s\b", " 秒", text) for name, text in made.items()}
    return {name: text for name, text in made.items() if text}


def _in_chinese(text: str) -> str:
    return _ZH.get(text, text)


def _where(result: dict[str, Any], language: str) -> str:
    machine, versions = result["machine"], result["versions"]
    cpu = f"{machine['Cores']} × {machine['Processor']}"
    cpu += f", Linux {machine['Kernel']}, {machine['System']}"
    used = ("Python", "FastAPI", "uvicorn", "websockets", "Flask-SocketIO", "Boost", "Compiler")
    libraries = ", ".join(f"{name} {versions[name]}" for name in used if name in versions)
    disturbed, every = count_disturbed(result["samples"])
    if language == "zh":
        text = f"{result['date'][:10]}，{cpu}。{libraries}。"
        text += "每種負載只短短跑了一次（`--quick`）。" if result["quick"] else ""
        note = f"{every} 次量測中有 {disturbed} 次受到其他程式打擾：每 CPU 秒和記憶體可以引用，時間不行。"
        return text + (note if disturbed else "")
    text = f"{result['date'][:10]}, {cpu}. {libraries}."
    text += " Each load ran once, and shortly (`--quick`)." if result["quick"] else ""
    note = f" Other programs disturbed {disturbed} of {every} measurements, so trust what counts CPU"
    return text + (f"{note} and memory, and not the times." if disturbed else "")


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])


def _offered(section: Section | None, said: Callable[[str], str]) -> str:
    if section is None:
        return ""
    head = [said("delivered a second"), *(said(stack.title) for stack in STACKS)]
    rows = []
    for row in section.rows:
        cells = [row.cells[stack.name] for stack in STACKS]
        texts = [said("falls") if cell.text.startswith("falls") else cell.text for cell in cells]
        rows.append([row.label.split()[0], *texts])
    return _table(head, rows)


def _rows(
    wanted: tuple[tuple[str, str, str], ...], found: dict[str, Section], said: Callable[[str], str]
) -> str:
    rows = []
    for section, name, label in wanted:
        there = found[section].rows if section in found else []
        for row in (row for row in there if row.name == name):
            rows.append([said(label), *(_cell(row, stack.name, said) for stack in STACKS)])
    head = [said("measure"), *(said(stack.title) for stack in STACKS)]
    return _table(head, rows) if rows else ""


def _cell(row: Row, stack: str, said: Callable[[str], str]) -> str:
    cell = row.cells[stack]
    if cell.is_bound:
        return said("did not recover")
    if cell.spread and cell.ratio and cell.ratio != "1×":
        return f"{cell.text} **{cell.ratio}**"
    return said(cell.text)


def _workers(samples: dict[str, list[dict[str, Any]]], said: Callable[[str], str]) -> str:
    names = ("setup", "chats", "delivered a second", "for each second of CPU", "99 % within")
    names += ("never arrive",)
    rows = []
    for setup in SETUPS:
        of_setup = samples.get(setup.name, [])
        chats = max((sample["chats"] for sample in of_setup), default=0)
        row = [said(setup.title), said("one") if chats == 1 else f"{chats}"]
        for key, write in MEASURED:
            spread = figures.spread(sample.get(key) for sample in of_setup)
            row.append(write(spread.median) if spread else "–")
        row.append(said(never_arrive(of_setup)))
        rows += [row] if of_setup else []
    return _table([said(name) for name in names], rows) if rows else ""
