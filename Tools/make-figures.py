#!/usr/bin/env python3
"""Draws the figures of the documentation's articles, each for light and dark backgrounds.

    python3 Tools/make-figures.py [--output Sources/Polyphony/Polyphony.docc/Resources]
"""

import argparse
import pathlib
from xml.sax.saxutils import escape

ROOT = pathlib.Path(__file__).resolve().parent.parent
LIGHT = {"ink": "#1d1d1f", "line": "#86868b", "fill": "#f5f5f7", "mark": "#d6e4ff", "edge": "#2f6fde", "warm": "#ffe8cc", "heat": "#c25e00"}
DARK = {"ink": "#f5f5f7", "line": "#8e8e93", "fill": "#2c2c2e", "mark": "#1d3a6b", "edge": "#7db0ff", "warm": "#5a3410", "heat": "#ffb267"}
FONT = "-apple-system, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif"


class Drawing:
    def __init__(self, width, height, colours, title):
        self.colours, self.title = colours, title
        self.width, self.height, self.parts = width, height, []

    def box(self, x, y, width, height, text, kind="plain", dashed=False):
        fill, edge = {"plain": ("fill", "line"), "mark": ("mark", "edge"), "warm": ("warm", "heat")}[kind]
        dash = ' stroke-dasharray="5 4"' if dashed else ""
        self.parts.append(
            f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="8" fill="{self.colours[fill]}" '
            f'stroke="{self.colours[edge]}" stroke-width="1.5"{dash}/>'
        )
        lines = text.split("\n")
        for number, line in enumerate(lines):
            self.text(x + width / 2, y + height / 2 + 5 + (number - (len(lines) - 1) / 2) * 18, line)

    def text(self, x, y, text, size=14, colour="ink", anchor="middle"):
        self.parts.append(
            f'<text x="{x:g}" y="{y:g}" font-size="{size}" text-anchor="{anchor}" fill="{self.colours[colour]}">{escape(text)}</text>'
        )

    def arrow(self, *points, colour="line", dashed=False):
        dash = ' stroke-dasharray="5 4"' if dashed else ""
        path = " ".join(f"{x:g},{y:g}" for x, y in points)
        self.parts.append(
            f'<polyline points="{path}" fill="none" stroke="{self.colours[colour]}" stroke-width="1.8"{dash} '
            f'marker-end="url(#{colour})"/>'
        )

    def svg(self):
        heads = "".join(
            f'<marker id="{name}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
            f'<path d="M0,0 L8,4 L0,8 z" fill="{self.colours[name]}"/></marker>'
            for name in ["line", "edge", "heat"]
        )
        body = "\n".join(self.parts)
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.width} {self.height}" width="{self.width}" '
            f'height="{self.height}" font-family="{FONT}" role="img">\n<title>{escape(self.title)}</title>\n'
            f"<defs>{heads}</defs>\n{body}\n</svg>\n"
        )


def chain(drawing, y, names, x=20, width=104, gap=28, kinds={}):
    """Stages in a row, joined by arrows; gives the middle of each."""
    middles = []
    for index, name in enumerate(names):
        left = x + index * (width + gap)
        drawing.box(left, y, width, 48, name, kinds.get(index, "plain"))
        middles.append(left + width / 2)
        if index:
            drawing.arrow((left - gap + 2, y + 24), (left - 3, y + 24))
    return middles


def pipeline(colours):
    d = Drawing(840, 300, colours, "Stages of a model, and where each method attaches")
    stages = ["inputs", "embed", "encode", "fuse", "represent", "head"]
    m = chain(d, 110, stages)
    for x, y, text, kind, target in [
        (m[1], 20, "prompts\n(missing)", "mark", 1), (m[3], 20, "adapters\n(tuning)", "mark", 3),
        (m[4], 200, "contrast\n(adaptation)", "warm", 4), (m[2], 200, "gradients × B\n(balancing)", "warm", 2),
    ]:
        d.box(x - 62, y, 124, 48, text, kind)
        if y < 110:
            d.arrow((x, y + 50), (x, 107), colour="edge")
        else:
            d.arrow((x, y - 2), (x, 161), colour="heat")
    d.arrow((m[5], 160), (m[5], 282), (m[2], 282), (m[2], 251), colour="heat", dashed=True)
    d.text(m[4], 276, "reads the head", 12, "heat")
    return d


def balancing(colours):
    d = Drawing(840, 306, colours, "CGGM: a classifier per modality says how much each encoder may learn")
    for row, name in enumerate(["text", "audio", "vision"]):
        y = 20 + row * 92
        d.box(20, y, 84, 44, name)
        d.arrow((106, y + 22), (137, y + 22))
        d.box(140, y, 110, 44, "encoder", "mark")
        d.arrow((252, y + 14), (446, y + 14), (446, 138), (471, 138))
        d.box(300, y + 40, 110, 40, "classifier f", "warm")
        d.arrow((230, y + 46), (230, y + 60), (297, y + 60), colour="heat", dashed=True)
        d.arrow((412, y + 60), (428, y + 60), (428, 262), (517, 262), colour="heat")
    d.box(474, 114, 100, 48, "fusion")
    d.arrow((576, 138), (607, 138))
    d.box(610, 114, 90, 48, "head")
    d.arrow((702, 138), (733, 138))
    d.box(736, 114, 84, 48, "ŷ")
    d.box(520, 236, 300, 52, "Δε of every classifier → B\ngradient of encoder m × B", "warm")
    d.text(665, 60, "direction: cosine of head gradients", 13, "heat")
    d.text(665, 78, "g of the head and g of each classifier", 13, "heat")
    return d


def wander(colours):
    d = Drawing(840, 300, colours, "Wander: low-rank products between whole sequences")
    for row, name in enumerate(["h text  [L, d]", "h audio [L, d]", "h vision [L, d]"]):
        y = 20 + row * 92
        d.box(20, y, 130, 48, name)
        d.arrow((152, y + 24), (183, y + 24))
        d.box(186, y, 110, 48, "down\nz [L, r]", "mark")
        d.arrow((298, y + 24), (329, y + 24))
        d.box(332, y, 130, 48, "V z U\n[T, d]", "mark")
        d.arrow((464, y + 24), (535, 136 if row == 1 else 124 + row * 12))
    d.box(538, 110, 100, 52, "⊙ over m\nΣ over ranks", "mark")
    d.arrow((640, 136), (671, 136))
    d.box(674, 112, 44, 48, "+")
    d.arrow((720, 136), (751, 136))
    d.box(754, 112, 70, 48, "head", "mark")
    d.box(610, 218, 172, 44, "frozen fusion", dashed=True)
    d.arrow((696, 216), (696, 163))
    d.text(620, 40, "blue: trained", 13, "edge")
    d.text(620, 60, "dashed: frozen", 13, "line")
    return d


def missing(colours):
    d = Drawing(840, 300, colours, "Prompts stand in for a modality that is missing")
    d.box(20, 20, 110, 48, "text")
    d.box(20, 126, 110, 48, "audio", dashed=True)
    d.box(20, 232, 110, 48, "vision")
    d.text(75, 194, "missing", 12, "heat")
    d.box(200, 126, 200, 48, "generative prompt\nmade of what is there", "mark")
    d.arrow((132, 50), (300, 50), (300, 123), colour="edge")
    d.arrow((132, 250), (300, 250), (300, 177), colour="edge")
    d.box(452, 126, 120, 48, "+ signal prompt\nreal / made up", "mark")
    d.arrow((402, 150), (449, 150))
    d.arrow((132, 38), (512, 38), (512, 123))
    d.arrow((132, 262), (512, 262), (512, 177))
    d.box(620, 126, 110, 48, "frozen\nencoders", dashed=True)
    d.arrow((574, 150), (617, 150))
    d.box(620, 218, 110, 48, "type prompt\nwhich pattern", "mark")
    d.arrow((675, 216), (675, 177), colour="edge")
    d.arrow((732, 150), (761, 150))
    d.box(764, 126, 60, 48, "head")
    return d


def adaptation(colours):
    d = Drawing(840, 290, colours, "CASP: contrast first, then the mean predictions of the samples that moved least")
    d.box(20, 40, 110, 48, "target x")
    d.box(20, 140, 110, 48, "x′: one\nmodality less")
    d.arrow((75, 90), (75, 137))
    d.box(190, 90, 110, 48, "model", "mark")
    d.arrow((132, 64), (187, 104))
    d.arrow((132, 164), (187, 126))
    d.box(360, 40, 120, 48, "r(x) ↔ r(x′)\nNT-Xent", "warm")
    d.arrow((302, 104), (357, 70))
    d.box(360, 140, 120, 48, "predictions\nby epoch")
    d.arrow((302, 126), (357, 160))
    d.box(540, 140, 120, 48, "moved least:\nshare q")
    d.arrow((482, 164), (537, 164))
    d.box(720, 140, 104, 48, "their mean\nas label", "warm")
    d.arrow((662, 164), (717, 164))
    d.arrow((420, 38), (420, 24), (245, 24), (245, 87), colour="heat")
    d.text(330, 16, "stage 1: layer norms", 12, "heat")
    d.arrow((772, 190), (772, 240), (245, 240), (245, 141), colour="heat")
    d.text(510, 234, "stage 2: layer norms", 12, "heat")
    d.text(420, 274, "No targets anywhere: the type that a method is given has none.", 13)
    return d


def backbones(colours):
    d = Drawing(840, 330, colours, "Four ways to fuse")
    names = ["late fusion", "early fusion", "encoder fusion", "mult"]
    for column, name in enumerate(names):
        x = 20 + column * 208
        d.text(x + 88, 24, name, 15)
        for m in range(3):
            left = x + m * 60
            d.box(left, 270, 56, 40, f"x{'₁₂₃'[m]}")
            d.arrow((left + 28, 268), (left + 28, 231 if column != 1 else 171))
            if column != 1:
                d.box(left, 190, 56, 38, ["encoder", "", "encoder", "cross"][column].replace("encoder", "enc"), "mark")
        if column == 0:
            for m in range(3):
                d.arrow((x + m * 60 + 28, 188), (x + 60 + m * 28, 151))
            d.box(x, 110, 176, 38, "side by side → head")
        elif column == 1:
            d.box(x, 130, 176, 38, "one encoder over time", "mark")
            d.arrow((x + 88, 128), (x + 88, 91))
            d.box(x, 50, 176, 38, "first step → head")
        elif column == 2:
            for m in range(3):
                d.arrow((x + m * 60 + 28, 188), (x + 60 + m * 28, 163))
            d.box(x, 122, 176, 38, "fusion encoder", "mark")
            d.arrow((x + 88, 120), (x + 88, 91))
            d.box(x, 50, 176, 38, "first step → head")
        else:
            for m in range(3):
                d.arrow((x + m * 60 + 28, 188), (x + m * 60 + 28, 163))
                d.box(x + m * 60, 122, 56, 38, "mem", "mark")
                d.arrow((x + m * 60 + 28, 120), (x + 60 + m * 28, 91))
            d.box(x, 50, 176, 38, "last steps → head")
    return d


FIGURES = {f.__name__: f for f in [pipeline, balancing, wander, missing, adaptation, backbones]}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=pathlib.Path, default=ROOT / "Sources/Polyphony/Polyphony.docc/Resources")
    output = parser.parse_args().output
    output.mkdir(parents=True, exist_ok=True)
    for name, draw in FIGURES.items():
        (output / f"{name}.svg").write_text(draw(LIGHT).svg(), encoding="utf-8")
        (output / f"{name}~dark.svg").write_text(draw(DARK).svg(), encoding="utf-8")


if __name__ == "__main__":
    main()
