"""What is written and searched: a lighting maker's articles, new combinations of words that repeat."""

import random

_FAMILIES = (
    *("BULLET HOLE", "LUNA", "ORBIT", "TUBO", "PICCO", "SCALA", "NOVA", "RING", "DELTA", "ALTO", "VISTA"),
    *("CUBO", "LINEA", "PIXO", "ZENITH", "FOCUS", "MINI", "GRAND", "TRACK", "SPOT"),
)
_COLOURS = (
    "MATT WHITE TEXTURED",
    "MATT BLACK TEXTURED",
    "GOLD",
    "BRONZE",
    "ALU BRUSHED",
    "RAL 9005",
    "RAL 9016",
)


def features(place: int) -> dict[str, str]:
    """The features of the article at this place, about 600 bytes as JSON: always the same."""
    made = random.Random(place)
    family, size, colour = made.choice(_FAMILIES), made.randint(10, 99), made.choice(_COLOURS)
    watts, kelvin = f"{made.randint(1, 60)},{made.randint(0, 9)}", made.choice((27, 30, 40))
    beam = 15 * made.randint(1, 4)
    protection = made.choice((20, 44, 54, 65))
    return {
        "F_3": f"{family[:2]}{size}-IP{protection}-CRI90-{watts}W-{kelvin // 10}K-BM{beam}°-{colour[5:8]}(DALI)",
        "F_5": "",
        "F_80000": f"{family} {size} - IP{protection} - CRI 90 - {watts} W - {kelvin}00K - BEAM {beam}°-REFLECTOR",
        "F_80001": f"{colour} - INCL. DIM. DRIVER {made.randint(100, 900)}mA DC (DALI)",
        "F_80002": "",
        "F_80004": f"{made.randint(20, 900)},{made.randint(0, 99):02}",
        "C_75048": family,
        "C_75027": f"{family} {size}",
        "C_75000": made.choice(("INDOOR", "OUTDOOR")),
        "C_75001": made.choice(("CEILING", "WALL", "FLOOR", "TRACK")),
        "F_80006": f"{made.randint(1, 28):02}/{made.randint(1, 12):02}/20{made.randint(15, 26)}",
    }
