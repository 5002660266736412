"""The sample characters, drawn in code: each is a function from `telling` (or hearing) to the inside of an SVG.

All are drawn facing right, towards the middle from the left side of a picture; `MIRRORED` ones face left.
"""

from __future__ import annotations

from collections.abc import Callable

from reelmake.offline.sprites import (
    INK,
    OPEN_PALM,
    Face,
    brows,
    cheeks,
    clipped,
    eyes,
    framed,
    hand,
    limb,
    line,
    mouth_open,
    mouth_smile,
    oval,
    shape,
    tone,
)

POINTING = ((-58, 56), (-4, 98), (24, 46), (46, 42))


def ada(telling: bool) -> str:
    """Draw a girl who invents things: curly hair, brass goggles, an overall."""
    skin, shadow, hair, lit, shirt, overall = "#c88a5f", "#a9683f", "#46283a", "#6b4053", "#ffd166", "#2f9e93"
    face = Face(374, 340, 84, telling)
    curls = (
        (360, 196, 168),
        (212, 250, 104),
        (508, 250, 104),
        (170, 356, 92),
        (552, 356, 92),
        (194, 452, 78),
        (530, 452, 78),
        (286, 150, 96),
        (436, 150, 96),
    )
    back = "".join(shape(oval(x, y, r), hair, width=18) for x, y, r in curls) + "".join(
        tone(oval(x, y, r), hair) for x, y, r in curls
    )
    gloss = "".join(
        line(f"M{x - r * 0.5} {y - r * 0.42}q{r * 0.4} {-r * 0.36} {r * 0.85} {-r * 0.06}", lit, 12)
        for x, y, r in curls[1:]
    )
    body = shape("M168 920Q170 700 262 650Q360 606 458 650Q550 700 552 920Z", shirt)
    bib = shape("M266 920V742Q266 720 288 720H432Q454 720 454 742V920Z", overall)
    straps = shape("M262 648L296 730L336 722L304 630Z", overall) + shape("M458 648L424 730L384 722L416 630Z", overall)
    buttons = shape(oval(312, 748, 15), "#ffe9b0", width=6) + shape(oval(408, 748, 15), "#ffe9b0", width=6)
    pocket = shape("M308 804H412V868Q412 888 392 888H328Q308 888 308 868Z", "#278479", width=7) + line(
        "M386 796l22 -58", "#f26a5b", 15
    )
    neck = shape("M310 560V640Q360 690 410 640V560Z", skin) + clipped(
        "neck", "M310 560V640Q360 690 410 640V560Z", tone(oval(360, 556, 90, 66), shadow, 0.7)
    )
    head_path = (
        "M186 330Q182 178 360 172Q538 178 534 330Q532 452 470 512Q420 556 364 556Q304 556 252 512Q190 452 186 330Z"
    )
    ears = (
        shape(oval(190, 368, 34, 42), skin)
        + tone(oval(194, 370, 15, 22), shadow, 0.6)
        + shape(oval(532, 368, 30, 40), skin)
    )
    shade = clipped("head", head_path, tone("M150 300Q170 520 360 548Q250 420 268 250Q200 220 150 300Z", shadow, 0.35))
    fringe = (
        "M176 330Q168 150 360 146Q552 150 544 330Q536 250 486 226"
        "Q470 272 430 232Q396 274 352 230Q310 278 276 232Q216 258 200 322Z"
    )
    freckles = "".join(
        tone(oval(face.x + dx, face.y + dy, 5), shadow, 0.8)
        for dx, dy in ((-112, 62), (-94, 74), (-76, 62), (76, 62), (94, 74), (110, 62))
    )
    nose = line(f"M{face.x + 8} {face.y + 44}q26 22 -4 28", shadow, 9)
    strap = line("M176 232Q360 150 544 232", "#5a3a2e", 40) + line("M176 232Q360 150 544 232", "#7b5240", 24)
    goggles = "".join(
        shape(oval(x, 196, 62, 56), "#d99a3d")
        + shape(oval(x, 196, 43, 38), "#8fe3ef", width=7)
        + tone(f"M{x - 30} 204q4 -32 36 -36l-40 52Z", "#fff", 0.75)
        for x in (300, 446)
    ) + shape("M356 186h36v18h-36Z", "#b97a2a", width=7)
    mouth = mouth_open(face.x + 4, 442, 0.92) if telling else mouth_smile(face.x + 4, 452, 46)
    features = (
        cheeks(face, "#ee6a5c")
        + freckles
        + nose
        + eyes(face, "#6b3e26", hair, lashes=True)
        + brows(face, hair, lift=62, size=0.9)
        + mouth
    )
    arms, raised = shape("M176 724Q112 760 106 920H214Z", shirt), ""
    if telling:
        raised = limb(((478, 742), (664, 812), (624, 676)), 74, shirt) + hand((624, 630), 8, skin, OPEN_PALM, 1.02)
    else:
        arms += shape("M544 724Q608 760 614 920H506Z", shirt)
    head = (
        ears + shape(head_path, skin) + shade + features + shape(fringe, hair) + gloss_of_fringe(lit) + strap + goggles
    )
    return back + gloss + raised + body + neck + straps + bib + buttons + pocket + arms + head


def gloss_of_fringe(colour: str) -> str:
    """Return the light on a fringe."""
    return line("M214 268q10 -40 44 -62", colour, 11) + line("M500 214q26 26 30 60", colour, 11)


def max_(telling: bool) -> str:
    """Draw a robot that explains: a screen for a face, an antenna, a light in its chest."""
    shell, dim, screen, glow, trim = "#eaf1f8", "#b9cadb", "#16233f", "#5ff0e4", "#4d8df0"
    x, y = 384, 338
    antenna = (
        line("M360 150V84", INK, 26)
        + line("M360 150V84", dim, 10)
        + shape(oval(360, 66, 34), "#ff8c5a")
        + tone(oval(349, 55, 10), "#fff", 0.85)
    )
    waves = line("M296 50q-14 16 -4 38", "#ff8c5a", 9) + line("M424 50q14 16 4 38", "#ff8c5a", 9) if telling else ""
    ears = "".join(shape(f"M{u} 290h{w}q10 0 10 12v104q0 12 -10 12h{-w}Z", trim) for u, w in ((108, 58), (552, 46)))
    head_path = "M246 140H474Q580 140 580 250V420Q580 532 474 532H246Q140 532 140 420V250Q140 140 246 140Z"
    shade = clipped(
        "head",
        head_path,
        tone("M120 300V560H600V470Q360 540 214 470Q170 420 176 180Q130 220 120 300Z", dim, 0.75)
        + tone(oval(330, 164, 120, 12), "#fff", 0.9),
    )
    face_path = "M278 206H490Q548 206 548 264V400Q548 468 480 468H288Q220 468 220 400V264Q220 206 278 206Z"
    sheen = clipped(
        "face",
        face_path,
        tone("M200 480L380 180H470L290 480Z", "#fff", 0.06) + tone("M410 480L560 230V180H520L350 480Z", "#fff", 0.04),
    )
    pupils = ""
    for side in (-1, 1):
        u, wide, high = x + 78 * side, 35 - (side > 0) * 2, 47 if telling else 41
        pupils += tone(oval(u, y - 24, wide + 12, high + 12), glow, 0.16) + tone(oval(u, y - 24, wide, high), glow)
        pupils += tone(oval(u + 9, y - 26, wide * 0.52, high * 0.56), screen) + tone(oval(u + 15, y - 38, 8), "#fff")
        lift = (94 if side > 0 else 86) if telling else 78
        pupils += line(f"M{u - 30} {y - lift + (4 if side < 0 else -4) * telling}q30 -18 60 0", glow, 11)
    if telling:
        mouth = tone(
            f"M{x - 50} {y + 50}H{x + 50}Q{x + 54} {y + 112} {x} {y + 112}Q{x - 54} {y + 112} {x - 50} {y + 50}Z", glow
        )
        mouth += tone(oval(x, y + 106, 32, 15), "#ff8c8c")
    else:
        mouth = line(f"M{x - 46} {y + 60}q46 44 92 0", glow, 14)
    cheek = tone(oval(x - 130, y + 48, 22, 14), "#ff8fb1", 0.6) + tone(oval(x + 130, y + 48, 20, 14), "#ff8fb1", 0.6)
    neck = shape("M312 520H408V612H312Z", dim) + line("M316 556H404", INK, 6) + line("M316 584H404", INK, 6)
    body_path = "M190 920V740Q190 612 318 604H402Q530 612 530 740V920Z"
    body = shape(body_path, shell) + clipped("body", body_path, tone("M170 640Q230 920 560 880V940H160Z", dim, 0.75))
    chest = shape(
        "M282 700H438Q460 700 460 722V822Q460 844 438 844H282Q260 844 260 822V722Q260 700 282 700Z", trim, width=8
    )
    chest += shape(oval(318, 772, 34), "#ffd166", width=7) + tone(oval(308, 761, 10), "#fff", 0.9)
    chest += "".join(line(f"M382 {v}H{430 - n * 12}", "#dbe9ff", 12) for n, v in enumerate((738, 770, 802)))
    collar = shape("M262 612Q360 662 458 612L470 640Q360 696 250 640Z", trim)
    arms = limb(((196, 700), (118, 770), (128, 930)), 62, dim) + shape(oval(192, 696, 46), trim)
    if telling:
        arms += limb(((528, 700), (652, 756), (628, 636)), 58, dim) + hand((626, 588), -4, shell, POINTING, 1.05)
        arms += shape("M590 632q36 22 74 2l2 30q-40 20 -78 -2Z", trim, width=8)
    else:
        arms += limb(((524, 700), (602, 770), (592, 930)), 62, dim)
    arms += shape(oval(528, 696, 46), trim)
    head = ears + shape(head_path, shell) + shade + shape(face_path, screen) + sheen + cheek + pupils + mouth
    return antenna + waves + neck + body + chest + collar + arms + head


def cy(telling: bool) -> str:
    """Draw a fox with an answer to everything: round glasses, a scarf, one raised brow."""
    fur, deep, cream, dark, scarf = "#f28a3c", "#cf6522", "#fff1de", "#4a2a2f", "#3f7d6e"
    face = Face(376, 336, 80, telling)
    ears = ""
    for path, inner in (
        ("M176 300Q120 120 168 52Q270 82 330 196Z", "M196 252Q160 150 178 104Q236 136 282 206Z"),
        ("M408 196Q470 82 566 52Q614 120 548 300Z", "M446 206Q500 136 552 104Q572 150 530 252Z"),
    ):
        ears += shape(path, fur) + tone(inner, dark) + tone(inner.replace("252", "240"), "#f6b8a0", 0.35)
    tips = tone("M147 84Q152 66 168 54Q196 64 220 82Q180 84 147 84Z", dark) + tone(
        "M586 84Q582 66 566 54Q538 64 514 82Q554 84 586 84Z", dark
    )
    head_path = (
        "M360 158Q470 156 530 240Q560 300 560 350L634 396L574 420L616 470L540 478"
        "Q470 556 366 560Q256 556 184 478L104 470L146 420L86 396L160 350"
        "Q160 300 190 240Q250 156 360 158Z"
    )
    mask = (
        "M86 396L160 350Q240 352 300 420Q330 448 372 448Q414 448 446 420Q500 352 560 350"
        "L634 396L574 420L616 470L540 478Q470 556 366 560Q256 556 184 478L104 470L146 420Z"
    )
    shade = clipped(
        "head",
        head_path,
        tone("M120 260Q170 250 206 300Q170 400 240 500L300 560H90V300Z", deep, 0.45)
        + tone(mask, cream)
        + tone("M90 400L200 500Q280 560 380 562V580H60Z", "#e7c9a8", 0.6),
    )
    blaze = tone("M340 160Q366 240 378 300Q394 240 392 160Z", cream, 0.55)
    nose = shape("M346 396Q384 376 424 396Q424 424 386 436Q348 424 346 396Z", dark, width=6) + tone(
        oval(372, 398, 12, 6), "#fff", 0.7
    )
    mouth = line("M386 436v18", INK, 8) + (mouth_open(388, 462, 0.78) if telling else mouth_smile(388, 462, 52, 14))
    glass = ""
    for side in (-1, 1):
        u = face.x + side * face.apart
        rim = oval(u, face.y - 4, 64 - (side > 0) * 3)
        glass += tone(rim, "#fff", 0.1) + line(rim, "#33415c", 10)
        glass += line(f"M{u - 38} {face.y - 30}l20 -20", "#fff", 7).replace("/>", ' stroke-opacity="0.75"/>')
    glass += (
        line(f"M{face.x - 17} {face.y - 10}q17 -14 34 0", "#33415c", 10)
        + line("M232 320L176 300", "#33415c", 10)
        + line("M520 320L556 304", "#33415c", 10)
    )
    body_path = "M168 920Q176 690 268 610H452Q544 690 552 920Z"
    chest = clipped(
        "body",
        body_path,
        tone("M262 620Q250 800 300 860L330 838L362 884L396 838L424 860Q474 800 458 620Z", cream)
        + tone("M140 700Q200 760 214 940H120Z", deep, 0.5),
    )
    wrap = shape("M226 560Q360 640 494 560Q540 606 512 660Q360 736 208 660Q180 606 226 560Z", scarf) + line(
        "M244 620Q360 680 476 620", "#6db09c", 12
    )
    tail = shape("M418 676L496 668Q522 760 500 836L470 812L444 842L420 816Q436 740 418 676Z", scarf) + line(
        "M432 776Q466 788 504 772", "#6db09c", 12
    )
    arms, raised = shape("M182 736Q116 780 112 920H226Z", fur), ""
    if telling:
        raised = (
            limb(((478, 742), (664, 816), (628, 690)), 70, fur)
            + limb(((632, 720), (627, 676)), 62, dark)
            + hand((624, 640), 6, dark, ((-66, 56), (-22, 72), (4, 78), (30, 70)), 1.0)
        )
    else:
        arms += shape("M538 736Q604 780 608 920H494Z", fur)
    features = eyes(face, "#3f8f5f", deep, size=0.94) + glass + brows(face, dark, lift=78, size=0.85) + nose + mouth
    wrapped = f'<g transform="translate(0 -34)">{wrap}{tail}</g>'
    return (
        ears
        + tips
        + raised
        + shape(body_path, fur)
        + chest
        + arms
        + wrapped
        + shape(head_path, fur)
        + shade
        + outline_of(head_path)
        + blaze
        + features
    )


def outline_of(path: str) -> str:
    """Return only the outline of a shape, to close it over its shading."""
    return f'<path d="{path}" fill="none" stroke="{INK}" stroke-width="9" stroke-linejoin="round"/>'


def nova(telling: bool) -> str:
    """Draw a cat who flies to the stars: a helmet of glass, a white suit."""
    fur, deep, pale, pink, suit, dim, trim = "#8f86c9", "#6a60a6", "#efeafd", "#f7a3b8", "#f5f3fa", "#c9c4dd", "#ff8552"
    face = Face(374, 338, 74, telling)
    ball = oval(360, 318, 262, 254)
    ears = ""
    for path, inner in (
        ("M196 270Q184 150 214 116Q288 146 330 196Z", "M218 236Q210 172 224 150Q266 172 296 204Z"),
        ("M396 196Q440 146 512 116Q542 150 530 270Z", "M430 204Q462 172 502 150Q516 172 508 236Z"),
    ):
        ears += shape(path, fur) + tone(inner, pink)
    head_path = (
        "M360 172Q474 172 532 262Q562 318 560 372Q540 500 364 504Q180 500 160 372Q158 318 188 262Q246 172 360 172Z"
    )
    shade = clipped(
        "head",
        head_path,
        tone("M140 260Q190 240 214 280Q200 420 330 510H130Z", deep, 0.4)
        + tone("M376 520Q250 520 266 430Q286 392 344 396Q376 372 410 396Q470 392 488 430Q500 520 376 520Z", pale)
        + "".join(line(f"M{u} 168v{v}", deep, 18) for u, v in ((330, 52), (366, 66), (402, 52))),
    )
    nose = shape("M354 398Q376 388 400 398Q396 416 377 422Q358 416 354 398Z", pink, width=6)
    mouth = line("M377 422v12", INK, 7)
    mouth += mouth_open(378, 436, 0.66) if telling else line("M330 436q12 26 47 0q35 26 49 -2", INK, 8)
    whiskers = "".join(
        line(f"M{u} {v}l{w} {d}", pale, 6)
        for u, v, w, d in ((226, 416, -62, -12), (228, 440, -58, 10), (526, 416, 56, -12), (524, 440, 52, 10))
    )
    glass = (
        f'<path d="{ball}" fill="#bfe6ff" fill-opacity="0.13" stroke="{INK}" stroke-width="22"/>'
        f'<path d="{ball}" fill="none" stroke="{suit}" stroke-width="7"/>'
        + line("M152 250Q190 138 292 104", "#fff", 18).replace("/>", ' stroke-opacity="0.85"/>')
        + line("M138 318v-12", "#fff", 18).replace("/>", ' stroke-opacity="0.85"/>')
        + line("M566 420Q540 478 492 510", "#fff", 12).replace("/>", ' stroke-opacity="0.5"/>')
    )
    behind = tone(ball, "#20285a", 0.9) + "".join(
        tone(oval(u, v, r), "#fff", 0.8)
        for u, v, r in ((170, 200, 5), (566, 220, 6), (340, 108, 5), (132, 400, 4), (590, 350, 4), (440, 96, 4))
    )
    body_path = "M130 920Q140 690 250 608H470Q580 690 590 920Z"
    body = shape(body_path, suit) + clipped(
        "body",
        body_path,
        tone("M110 700Q210 720 230 940H100Z", dim, 0.7)
        + tone("M360 700Q500 760 590 700V940H480Q470 800 360 700Z", dim, 0.25),
    )
    ring = shape("M190 556Q360 660 530 556Q566 594 540 640Q360 740 180 640Q154 594 190 556Z", trim) + line(
        "M206 612Q360 700 514 612", "#ffb48f", 10
    )
    panel = shape(
        "M300 752H420Q438 752 438 770V838Q438 856 420 856H300Q282 856 282 838V770Q282 752 300 752Z", "#dcd8ec", width=8
    )
    panel += "".join(
        shape(oval(u, 788, 13), c, width=5) for u, c in ((316, "#ff6b6b"), (360, "#ffd166"), (404, "#5fd38d"))
    ) + line("M312 828H408", "#8f8ab0", 11)
    patch = shape(oval(500, 772, 36), "#3b4aa8", width=7) + tone(
        "M500 744l8 20 21 1 -17 13 6 21 -18 -12 -18 12 6 -21 -17 -13 21 -1Z", "#ffd166"
    )
    arms, raised = shape("M156 730Q84 780 78 920H206Z", suit) + line("M92 838Q140 862 206 850", trim, 20), ""
    if telling:
        raised = (
            limb(((490, 742), (676, 820), (640, 700)), 76, suit)
            + limb(((646, 722), (641, 700)), 80, trim)
            + hand((634, 650), -2, suit, OPEN_PALM, 1.04)
        )
    else:
        arms += shape("M564 730Q636 780 642 920H514Z", suit) + line("M628 838Q580 862 514 850", trim, 20)
    features = (
        cheeks(face, pink, 60)
        + whiskers
        + eyes(face, "#f2b632", deep, size=0.96)
        + nose
        + mouth
        + brows(face, deep, lift=60, size=0.7)
    )
    collar = f'<g transform="translate(0 -40)">{ring}</g>'
    return (
        behind
        + ears
        + shape(head_path, fur)
        + shade
        + outline_of(head_path)
        + features
        + glass
        + raised
        + body
        + panel
        + patch
        + arms
        + collar
    )


CHARACTERS: dict[str, Callable[[bool], str]] = {"ada": ada, "max": max_, "cy": cy, "nova": nova}
MIRRORED = frozenset({"max", "nova"})


def sprite(name: str, *, telling: bool) -> str:
    """Return a character as SVG."""
    drawn = CHARACTERS[name](telling)
    if not telling:  # a listener leans in a little
        drawn = f'<g transform="rotate(1.5 360 900)">{drawn}</g>'
    return framed(drawn, mirrored=name in MIRRORED)
