"""Every colour that a view draws with, once: for light pages, dark pages and terminals, and for figures.

Blue raises and orange lowers: a pair that is told apart with every kind of colour vision. Each has one value on light
grounds and one on dark grounds, where both reach the contrast of 4.5 that text needs; fills, heat and figures use the
same. The style sheet names no colour of its own: `style` fills it in.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

Colour = tuple[int, int, int]
"""Red, green and blue from 0 to 255."""


@dataclass(frozen=True, slots=True)
class Palette:
    """The colours of one ground.

    Parameters
    ----------
    ground, card, wash, line
        Behind everything, behind a card, behind what is pointed at, and between things.
    ink, soft
        What is read first, and second.
    positive, negative, zero
        What raises the output, lowers it, or does neither.
    neutral
        Bars of a size that has no sign.
    warning, warning_line
        Behind a warning, and at its edge.
    most
        Opacity of the strongest mark behind a word: as strong as the word over it can bear.
    bar
        Opacity of a bar: on dark grounds less than 1, so that the whisker over it is seen.
    """

    ground: Colour
    card: Colour
    wash: Colour
    line: Colour
    ink: Colour
    soft: Colour
    positive: Colour
    negative: Colour
    zero: Colour
    neutral: Colour
    warning: Colour
    warning_line: Colour
    most: float
    bar: float

    def signed(self, weight: float) -> Colour:
        """Return the colour of a weight's sign.

        >>> LIGHT.signed(-0.2) == LIGHT.negative, LIGHT.signed(0.0) == LIGHT.zero
        (True, True)
        """
        if weight == 0:
            return self.zero
        if weight > 0:
            return self.positive
        return self.negative


LIGHT = Palette(
    ground=(255, 255, 255),
    card=(255, 255, 255),
    wash=(244, 246, 248),
    line=(226, 230, 235),
    ink=(26, 31, 38),
    soft=(88, 98, 112),
    positive=(33, 102, 192),
    negative=(194, 80, 10),
    zero=(138, 147, 158),
    neutral=(180, 190, 201),
    warning=(255, 246, 223),
    warning_line=(217, 165, 20),
    most=0.62,
    bar=1.0,
)
DARK = Palette(
    ground=(19, 22, 26),
    card=(24, 28, 33),
    wash=(30, 35, 41),
    line=(45, 52, 60),
    ink=(233, 236, 239),
    soft=(163, 173, 184),
    positive=(116, 173, 245),
    negative=(242, 146, 90),
    zero=(125, 135, 146),
    neutral=(94, 104, 116),
    warning=(44, 38, 19),
    warning_line=(196, 149, 42),
    most=0.4,
    bar=0.7,
)
# Terminals are mostly dark, and on light ones the same two colours can still be told from the ground.
TERMINAL = DARK
# Figures go on paper and slides, where the thin lines of axes need more contrast.
FIGURE = replace(LIGHT, line=(201, 208, 216))

VEIL = (128, 128, 128, 224)
"""Over the parts of a picture that are hidden: red, green, blue, opacity."""
OUTLINE = (255, 255, 255, 150)
"""Around the segments of a picture."""

_VARIABLES = {
    "bg": "ground",
    "card": "card",
    "wash": "wash",
    "line": "line",
    "ink": "ink",
    "soft": "soft",
    "pos": "positive",
    "neg": "negative",
    "nil": "zero",
    "warn": "warning",
    "warn-line": "warning_line",
}


def style(sheet: str) -> str:
    """Return a style sheet with the colours in place of ``/* light */`` and ``/* dark */``.

    >>> style("a { /* dark */ }").startswith("a { --bg: #13161a; --card: ")
    True
    """
    # Pictures are painted once, for both grounds, and the key beside them has to match.
    red, green, blue = LIGHT.negative
    heat = f" --heat-neg: {red} {green} {blue};"
    red, green, blue = LIGHT.positive
    heat += f" --heat-pos: {red} {green} {blue};"
    return sheet.replace("/* light */", variables(LIGHT) + heat).replace("/* dark */", variables(DARK))


def variables(palette: Palette) -> str:
    """Return a palette as custom properties of a style sheet; signs also as numbers, to be made transparent."""
    written = [f"--{name}: {hexadecimal(getattr(palette, field))};" for name, field in _VARIABLES.items()]
    for name in ("pos", "neg", "nil"):
        red, green, blue = getattr(palette, _VARIABLES[name])
        written.append(f"--{name}-rgb: {red} {green} {blue};")
    return " ".join([*written, f"--most: {palette.most};", f"--bar: {palette.bar};"])


def hexadecimal(colour: Colour) -> str:
    """Return a colour as pages and matplotlib write it.

    >>> hexadecimal((33, 102, 192))
    '#2166c0'
    """
    return "#" + "".join(f"{part:02x}" for part in colour)


def ansi(colour: Colour) -> str:
    """Return a colour as `rich` writes it.

    >>> ansi((33, 102, 192))
    'rgb(33,102,192)'
    """
    return f"rgb({colour[0]},{colour[1]},{colour[2]})"
