"""An SVG picture, element by element. It has a background of its own, so that it can be read on white and on dark."""

from html import escape

FONT = "DejaVu Sans, Verdana, Helvetica, sans-serif"
BACKGROUND = "#ffffff"
INK = "#1d2433"
SOFT = "#5b6475"
GRID = "#dfe3ea"


class Svg:
    def __init__(self, width, height, title):
        self.width, self.height = width, height
        self._parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
            f'height="{height}" font-family="{FONT}" role="img">',
            f"<title>{escape(title)}</title>",
        ]
        self.rect(0, 0, width, height, BACKGROUND)

    def add(self, element):
        self._parts.append(element)

    def rect(self, x, y, width, height, fill, stroke="none", rx=0, opacity=1):
        self.add(
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{fill}" '
            f'stroke="{stroke}" rx="{rx}" opacity="{opacity}"/>'
        )

    def line(self, x1, y1, x2, y2, stroke=GRID, width=1.0, dash=""):
        dashes = f' stroke-dasharray="{dash}"' if dash else ""
        self.add(
            f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{stroke}" '
            f'stroke-width="{width}"{dashes}/>'
        )

    def path(self, points, stroke, width=1.5, dash=""):
        steps = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        dashes = f' stroke-dasharray="{dash}"' if dash else ""
        self.add(
            f'<polyline points="{steps}" fill="none" stroke="{stroke}" stroke-width="{width}" '
            f'stroke-linejoin="round"{dashes}/>'
        )

    def circle(self, x, y, radius, fill, stroke="none", width=1.0):
        self.add(
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius}" fill="{fill}" stroke="{stroke}" stroke-width="{width}"/>'
        )

    def text(self, x, y, text, size=12, fill=INK, anchor="start", bold=False, halo=False):
        weight = ' font-weight="bold"' if bold else ""
        if halo:
            weight += f' stroke="{BACKGROUND}" stroke-width="3" paint-order="stroke"'
        self.add(
            f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{fill}" text-anchor="{anchor}"{weight}>'
            f"{escape(text)}</text>"
        )

    def render(self):
        return "\n".join([*self._parts, "</svg>"]) + "\n"
