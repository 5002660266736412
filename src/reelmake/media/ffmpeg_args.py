"""The argument lists that ffmpeg is run with: pure, so that a key can hold them and a test can show them.

Every list is complete but for the program's name, and leaves nothing to the machine: one thread (their number
changes x264's bytes), no shortcut in swscale and x264 that depends on the processor, no metadata. Colour is bt709 in
studio range from end to end, and each conversion is spelled out, so that ffmpeg inserts none of its own. Only names
of files differ between machines: a key is made of a list with fixed names in their place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain
from math import ceil
from pathlib import Path

from reelmake.layout.frame import Box
from reelmake.layout.shots import Fill, Fit, Focus
from reelmake.layout.timeline import SAMPLE_RATE, Pan, samples_per_frame, shown_frame

AAC_BITS_PER_SECOND = 192_000
AAC_FRAME_SAMPLES = 1024
# What makes up sound (noise, one side from the other) is for low rates: at this one it only does harm.
_AAC = ("-c:a", "aac", "-b:a", str(AAC_BITS_PER_SECOND), "-aac_coder", "fast", "-aac_pns", "0", "-aac_is", "0")

NEEDED_FILTERS = (
    *("ass", "blackdetect", "ebur128", "freezedetect", "overlay", "premultiply", "scale", "select", "tile"),
    *("tonemap", "yadif", "zscale"),
)
NEEDED_ENCODERS = ("aac", "libx264", "mjpeg", "mpeg2video")
NEEDED_LIBRARIES = ("libsoxr",)  # what no list names: it is built in, or `aresample=resampler=soxr` fails

_WIDE_BYTES = 4_000_000_000  # from here on places in a file may take eight bytes in place of four
_QUIET = ("-hide_banner", "-nostdin", "-y", "-v", "error")
_WARNING = ("-hide_banner", "-nostdin", "-y", "-nostats", "-v", "warning")
_REPORTING = ("-hide_banner", "-nostdin", "-y", "-nostats", "-v", "info")
_EXAMINING = ("-hide_banner", "-nostdin", "-y", "-nostats", "-v", "repeat+level+info")  # each line says how bad it is
# What ffmpeg may take a file for: only what holds all that it shows. Playlists, lists of files and drawings name other
# files, which would take no part in any key; and any text is a video to some of its formats.
FORMATS = (
    *("mov", "matroska", "avi", "mpegts", "mpeg", "mpegvideo", "flv", "asf", "mxf", "nut", "dv", "rm", "wtv", "ivf"),
    *("h264", "hevc", "m4v", "obu", "yuv4mpegpipe", "mjpeg", "gif", "apng", "webp_anim", "jpegxl_anim"),
    *("mp3", "aac", "ogg", "wav", "w64", "flac", "aiff", "au", "caf", "ac3", "eac3", "dts", "ape", "wv", "tta", "amr"),
    *("mpc", "mpc8", "dsf", "iff", "oma", "tak", "spx", "qoa", "voc", "truehd"),
    *("image2", "png_pipe", "jpeg_pipe", "webp_pipe", "bmp_pipe", "tiff_pipe", "gif_pipe", "jpegxl_pipe", "j2k_pipe"),
    *("psd_pipe", "qoi_pipe", "exr_pipe", "dds_pipe", "dpx_pipe", "hdr_pipe", "pbm_pipe", "pgm_pipe", "ppm_pipe"),
    *("pam_pipe", "pcx_pipe", "sgi_pipe", "sunrast_pipe", "xbm_pipe", "xpm_pipe", "jpegls_pipe", "ico"),
)
VOICE_FORMATS = ("wav", "mp3", "ogg", "flac", "aac", "mov", "matroska", "aiff")  # what vendors put voices into
_OURS = ("mov",)
MOST_DECODED_SECONDS = 600  # of an author's file that is looked at in whole
MAX_PIXELS = 67_108_864  # of a picture of an author's: 8K video has half of them
_JPEG = ("-c:v", "mjpeg", "-q:v", "3", "-threads", "1", *("-map_metadata", "-1", "-flags", "+bitexact"), "-f", "image2")
_ONE_THREAD = ("-filter_complex_threads", "1")
_NO_METADATA = ("-map_metadata", "-1", "-map_chapters", "-1", "-fflags", "+bitexact", "-flags", "+bitexact")
_EXACT = "flags=bicubic+accurate_rnd+bitexact"
_TO_BT709 = f"out_color_matrix=bt709:out_range=tv:{_EXACT}"
_TAGS = "setparams=range=tv:colorspace=bt709:color_primaries=bt709:color_trc=bt709"


@dataclass(frozen=True, slots=True)
class Frame:
    """The shape of the picture: pixels, and frames a second."""

    width: int
    height: int
    fps: int


@dataclass(frozen=True, slots=True)
class Looks:
    """What must be known of a video or picture to convert it truthfully (`media.probe` finds it out)."""

    still: bool = False
    interlaced: bool = False
    hdr: bool = False
    untagged_hd: bool = False
    transparent: bool = False
    alpha_decoder: str = ""  # of VP8 and VP9, whose usual decoders leave transparency out


@dataclass(frozen=True, slots=True)
class Clip:
    """A part of a video, and how it fills its window; `fill` is what follows its end: its last picture, or itself."""

    path: Path
    from_seconds: float = 0.0
    fill: Fill = "hold"
    fit: Fit = "cover"
    focus: Focus = (0.5, 0.5)


@dataclass(frozen=True, slots=True)
class Layer:
    """Files of raw RGBA pictures between which the moving panel is laid, which comes through stdin.

    `ground` is what lies below when there is no backdrop.
    """

    panel: Box
    plate: str
    ground: str


@dataclass(frozen=True, slots=True)
class Backdrop:
    """A normalised background of `loop_frames` frames, and what a line shows of it."""

    path: str
    loop_frames: int
    pan: Pan


@dataclass(frozen=True, slots=True)
class Captions:
    """A subtitle file in ASS, the folder of all the fonts that it may use, and the frames in which it changes."""

    ass: str
    fonts_dir: str
    changes: Sequence[int]


@dataclass(frozen=True, slots=True)
class Shot:
    """The pictures of one line, but for the plate.

    Frame i shows frame `timeline.shown_frame(pan, frames, i) % loop_frames` of the backdrop. Without a backdrop the
    plate is the picture: it must be opaque.
    """

    frame: Frame
    frames: int
    backdrop: Backdrop | None
    captions: Captions | None


def _input(source: str, formats: Sequence[str], protocol: str = "file") -> list[str]:
    """Name an input: it is taken for one of these formats, and nothing but the one file is read for it."""
    return ["-protocol_whitelist", protocol, "-format_whitelist", ",".join(formats), "-i", source]


def _film(source: str) -> list[str]:
    """Name an input of an author's that has pictures."""
    return ["-max_pixels", str(MAX_PIXELS), *_input(source, FORMATS)]


def _sound(source: str) -> list[str]:
    """Name an input of an author's that has sound."""
    return _input(source, FORMATS)


def normalise_args(source: str, looks: Looks, frame: Frame, out: str) -> list[str]:
    """Turn any video or picture into a background: it fills the frame, at its rate, in bt709, without sound.

    MPEG-2, since every line decodes its part: it takes two thirds of the time that H.264 takes at the same quality,
    both to encode and to decode, at twice the size. What is lost here is hidden by what the segments' encoder loses
    (decision 10). A keyframe each second, where lines start when the flow is
    elastic. A picture becomes a video of one frame.
    """
    steps = _converted(looks, (frame.width, frame.height), frame.fps, "cover")
    steps += ["format=yuv420p", f"crop={frame.width}:{frame.height}", "setsar=1", _TAGS]
    # `-dct int` is the one whose bytes are the same on every processor
    quantiser = "4" if looks.still else "6"
    codec = ["-c:v", "mpeg2video", "-q:v", quantiser, "-g", str(frame.fps), "-bf", "0", "-intra_dc_precision", "2"]
    return [
        *_QUIET, *_ONE_THREAD, "-threads", "1", *_film(source),
        "-filter_complex", f"[0:V:0]{','.join(steps)}[v]", "-map", "[v]", *(["-frames:v", "1"] if looks.still else []),
        *_pictures(frame, [*codec, "-dct", "int"]), out,
    ]  # fmt: skip


def _converted(looks: Looks, size: tuple[int, int], fps: int, fit: Fit) -> list[str]:
    """Return filters that bring pictures to a rate and to bt709, as large as a size at least (cover) or at most."""
    width, height = size
    aspect = f"{width}/{height}"
    wider, higher = f"2*ceil({height}*dar/2)", f"2*ceil({width}/dar/2)"
    # dar and not iw/ih, because the pixels of old formats are not square
    fill = f"scale=w='if(gt(dar,{aspect}),{wider},{width})':h='if(gt(dar,{aspect}),{height},{higher})'"
    if fit == "contain":
        narrower, lower = wider.replace("ceil", "max(1,floor") + ")", higher.replace("ceil", "max(1,floor") + ")"
        fill = f"scale=w='if(gt(dar,{aspect}),{width},{narrower})':h='if(gt(dar,{aspect}),{lower},{height})'"
    # what is transparent becomes black: any colour may hide there
    opaque = ["format=gbrap", "premultiply=inplace=1", "format=gbrp"] if looks.transparent else []
    steps = [*(["yadif=deint=interlaced"] if looks.interlaced else []), *opaque, f"fps={fps}"]
    if looks.hdr:
        steps += [f"{fill}:{_EXACT}", "zscale=transfer=linear:npl=203", "format=gbrpf32le", "zscale=primaries=bt709"]
        return [*steps, "tonemap=mobius:desat=0", "zscale=transfer=bt709:matrix=bt709:range=tv"]
    return [*steps, f"{fill}{':in_color_matrix=bt709' if looks.untagged_hd else ''}:{_TO_BT709}"]


def clip_args(clip: Clip, looks: Looks, size: tuple[int, int], fps: int, frames: int) -> list[str]:
    """Decode a part of a clip to stdout: raw yuv420p pictures of a size, at a rate, as many as asked for at most."""
    width, height = size
    left, top = clip.focus
    if looks.alpha_decoder:
        looks = replace(looks, transparent=True)
    steps = [*_converted(looks, size, fps, clip.fit), "format=yuv420p"]
    if clip.fit == "contain":
        steps.append(f"pad={width}:{height}:(ow-iw)*{left:.4f}:(oh-ih)*{top:.4f}:0x181822")
    else:
        steps.append(f"crop={width}:{height}:(iw-ow)*{left:.4f}:(ih-oh)*{top:.4f}")
    seek = ["-c:v", looks.alpha_decoder] if looks.alpha_decoder else []
    seek += ["-ss", f"{clip.from_seconds:.6f}"] if clip.from_seconds else []
    some = ["-t", f"{(frames + 1) / fps:.6f}", *_film(str(clip.path))]
    graph = f"[0:V:0]{','.join(steps)}[v]"
    drawn = ["-filter_complex", graph, "-map", "[v]", "-frames:v", str(frames)]
    return [
        *_QUIET,
        *_ONE_THREAD,
        "-threads",
        "1",
        *seek,
        *some,
        *drawn,
        "-f",
        "rawvideo",
        "-pix_fmt",
        "yuv420p",
        "pipe:1",
    ]


def segment_args(shot: Shot, out: str, layer: Layer | None = None) -> list[str]:
    """Compose one line: the background, the plate over it, captions over both.

    The plate comes through stdin: one raw RGBA picture of the frame's size, with straight alpha. With a layer, that is
    what comes through stdin, and the plate is a file. Missing glyphs are warnings.

    Captions are drawn on what stands still, and only when they change: on the plate, which is laid over each frame in
    any case, or on the finished picture when the background stands still, too. Where captions are half transparent
    over a plate that is, too, the colours mix as if the plate were opaque: their outline is as dark as its shade.
    """
    frame, fps = shot.frame, shot.frame.fps
    plate = _raw("rgba", frame.width, frame.height, fps, "pipe:0")
    changes = shot.captions.changes if shot.captions else [0]
    drawn = f",{_ass(shot.captions)}" if shot.captions else ""
    # what stands still is composed once and then repeated, never composed again
    still = f"{_repeated([*changes, shot.frames], fps)}{drawn},fps={fps}"
    over = "[b][p]overlay=0:0:format=yuv420:eof_action=repeat"
    laid = f"scale={_TO_BT709},format=yuva420p,{_TAGS}"
    if layer:
        inputs, graph = _layered(shot, layer, laid, drawn, changes)
    elif shot.backdrop is None:
        inputs, graph = plate, f"[0:v]scale={_TO_BT709},format=yuv420p,{_TAGS},{still}"
    elif shot.backdrop.loop_frames == 1:
        inputs, graph = [*_clip(shot.backdrop, 1 / fps), *plate], f"[0:v]null[b];[1:v]{laid}[p];{over},{still}"
    else:
        clips, shown = _panned(shot.backdrop, shot.frames, fps)
        laid += f",{_repeated(changes, fps)}{drawn}:alpha=1" if drawn else ""
        inputs, graph = [*chain.from_iterable(clips), *plate], f"{shown}[b];[{len(clips)}:v]{laid}[p];{over}"
    x264 = ["-x264-params", "mbtree=1:rc-lookahead=20:bframes=0:stitchable=1:cpu-independent=1"]
    return [
        *_WARNING, *_ONE_THREAD, *inputs, "-filter_complex", f"{graph},format=yuv420p[v]", "-map", "[v]",
        "-frames:v", str(shot.frames),
        *_pictures(frame, ["-c:v", "libx264", "-profile:v", "high", "-preset", "superfast", "-crf", "20", *x264]), out,
    ]  # fmt: skip


def _layered(shot: Shot, layer: Layer, laid: str, drawn: str, changes: Sequence[int]) -> tuple[list[str], str]:
    """Return inputs, and a graph that lays the moving panel over the background, and the plate over both."""
    frame, fps = shot.frame, shot.frame.fps
    still = f"loop=loop={shot.frames - 1}:size=1,settb=1/{fps},setpts=N[b]"
    if shot.backdrop is None:
        clips = [_raw("rgba", frame.width, frame.height, fps, layer.ground)]
        below = f"[0:v]scale={_TO_BT709},format=yuv420p,{_TAGS},{still}"
    elif shot.backdrop.loop_frames == 1:
        clips, below = [_clip(shot.backdrop, 1 / fps)], f"[0:v]{still}"
    else:
        clips, shown = _panned(shot.backdrop, shot.frames, fps)
        below = f"{shown}[b]"
    panel, at = layer.panel, len(clips)
    laid += f",{_repeated(changes, fps)}{drawn}:alpha=1" if drawn else ""
    over = "overlay={0}:{1}:format=yuv420:eof_action=repeat".format
    graph = f"{below};[{at}:v]{_TAGS}[m];[{at + 1}:v]{laid}[p]"
    graph += f";[b][m]{over(panel.x, panel.y)}[c];[c][p]{over(0, 0)}"
    moving = _raw("yuva420p", panel.width, panel.height, fps, "pipe:0")
    plate = _raw("rgba", frame.width, frame.height, fps, layer.plate)
    return [*chain.from_iterable(clips), *moving, *plate], graph


def _raw(pixels: str, width: int, height: int, fps: int, source: str) -> list[str]:
    size = f"{width}x{height}"
    shape = ["-f", "rawvideo", "-pix_fmt", pixels, "-video_size", size, "-framerate", str(fps)]
    return [*shape, *_input(source, ["rawvideo"], "file,pipe")]


def join_args(  # noqa: PLR0913 (what is joined, and how much it is)
    segments: list[str], soundtrack: str, frame: Frame, frames: int, out: str, *, content_bytes: int
) -> tuple[list[str], bytes]:
    """Join segments, and the sound that `aac_args` encoded, without touching either; returns arguments and stdin.

    `frames` is how many pictures the segments have together, `content_bytes` how large they are with the sound.
    """
    # Without a decoder nothing is decoded, where ffmpeg would decode the beginning of each segment to look at it: half
    # of what a join takes. It complains of each, and needs nothing that it would learn. All segments have the same
    # parameters, so that none are repeated in the stream (`auto_convert`).
    listed = "".join(
        "file 'file:{}'\noption codec_whitelist none\n".format(name.replace("'", r"'\''")) for name in segments
    )
    # The first frame of sound is from before the beginning, and the last one is not all sound.
    samples = frames * samples_per_frame(frame.fps)
    last, size, tick = aac_frames(samples) - 1, AAC_FRAME_SAMPLES, f"1/{SAMPLE_RATE}"
    lasts = f"if(eq(N\\,{last})\\,{samples - (last - 1) * size}\\,{size})"
    index_bytes = _index_bytes(frames, last + 1, len(segments), content_bytes)
    times = f"setts=time_base={tick}:ts=(N-1)*{size}*{tick}/TB:duration={lasts}*{tick}/TB"
    arguments = [
        *_QUIET, "-f", "concat", "-safe", "0", "-auto_convert", "0",
        *_input("pipe:0", ["concat", *_OURS], "file,pipe"), "-f", "aac", *_input(soundtrack, ["aac"]),
        "-map", "0:v:0", "-map", "1:a:0",
        "-c", "copy", "-video_track_timescale", _ticks(frame), "-bsf:a", times,
        # the index comes first, as players want it, into room that is kept for it: nothing is moved for it in the end
        *_NO_METADATA, "-moov_size", str(index_bytes), "-f", "mp4", out,
    ]  # fmt: skip
    return arguments, f"ffconcat version 1.0\n{listed}".encode()


def _index_bytes(pictures: int, sounds: int, segments: int, content_bytes: int) -> int:
    """Return how large the index of an mp4 is at most: some 80 kB for a minute.

    Of each frame it tells the size (4 bytes), and of each run of frames of one kind where it is, and how many frames
    are in it when that differs from the run before (12 bytes); so it takes most where runs are of one and of two frames
    in turn. Of pictures it also tells which are keyframes.
    """
    place_bytes = 4 if content_bytes < _WIDE_BYTES else 8
    frame_bytes = 4 + (place_bytes + 12) * 2 / 3
    return ceil(pictures * (frame_bytes + 4) + sounds * frame_bytes) + 64 * segments + 2048


def aac_args(source: str, out: str) -> list[str]:
    """Encode sound as AAC, into a file of ADTS."""
    return [
        *_QUIET,
        *_input(source, ["wav"]),
        "-map",
        "0:a:0",
        *_AAC,
        "-threads",
        "1",
        *_NO_METADATA,
        "-f",
        "adts",
        out,
    ]


def aac_frames(samples: int) -> int:
    """Return how many frames of AAC so many samples become: one comes before them."""
    return -(-samples // AAC_FRAME_SAMPLES) + 1


def decode_args(source: str, most_seconds: int, formats: Sequence[str] = VOICE_FORMATS) -> list[str]:
    """Turn a sound into samples on stdout: 48 kHz, mono, signed 16 bit, of so many seconds at most."""
    to_mono = f"[0:a:0]aresample={SAMPLE_RATE}:resampler=soxr:ochl=mono[a]"
    read = [*_QUIET, *_ONE_THREAD, *_input(source, formats), "-filter_complex", to_mono, "-map", "[a]"]
    return [*read, "-t", str(most_seconds), "-f", "s16le", "pipe:1"]


def clip_sound_args(source: str, from_seconds: float, samples: int) -> list[str]:
    """Turn a part of a clip's sound into samples on stdout: 48 kHz, stereo, signed 16 bit; so many at most."""
    seek = ["-ss", f"{from_seconds:.6f}"] if from_seconds else []
    to_stereo = f"[0:a:0]aresample={SAMPLE_RATE}:resampler=soxr:ochl=stereo,atrim=end_sample={samples}[a]"
    part = [*seek, "-t", f"{samples / SAMPLE_RATE + 1:.6f}", *_sound(source)]
    return [*_QUIET, *_ONE_THREAD, *part, "-filter_complex", to_stereo, "-map", "[a]", "-f", "s16le", "pipe:1"]


def music_args(source: str, gain_db: float, out: str) -> list[str]:
    """Turn any music into a WAV file, 48 kHz, stereo, signed 16 bit, made louder by `gain_db`."""
    steps = f"[0:a:0]aresample={SAMPLE_RATE}:resampler=soxr:ochl=stereo,volume={gain_db:.2f}dB[a]"
    arguments = [*_QUIET, *_ONE_THREAD, *_sound(source), "-filter_complex", steps, "-map", "[a]"]
    return [*arguments, "-c:a", "pcm_s16le", *_NO_METADATA, "-f", "wav", out]


def loudness_args(source: str) -> list[str]:
    """Report a file's loudness and its peak between samples."""
    return [*_REPORTING, *_sound(source), "-map", "0:a:0", "-af", "ebur128=peak=true:framelog=quiet", "-f", "null", "-"]


def examine_args(source: str) -> list[str]:
    """Decode a whole video, and report where it is black or still, how loud it is when, and what cannot be decoded.

    Nothing moves when so little differs that not even one word can have lit up: x264 leaves less in a picture that
    stands still. The number of frames goes to stdout.
    """
    seen = "blackdetect=d=0.3:pix_th=0.1:pic_th=0.98,freezedetect=n=0.00005:d=0.5"
    return [
        *_EXAMINING, *_input(source, _OURS), "-map", "0:V:0", "-map", "0:a:0?", "-vf", seen,
        "-af", "ebur128=peak=true:framelog=info", "-fps_mode", "passthrough", "-progress", "pipe:1", "-f", "null", "-",
    ]  # fmt: skip


def find_error_args(source: str) -> list[str]:
    """Decode up to the first error; where that is goes to stdout."""
    return [
        *_EXAMINING, "-xerror", "-err_detect", "explode", "-threads", "1", *_input(source, _OURS),
        "-map", "0:V:0", "-map", "0:a:0?", "-progress", "pipe:1", "-f", "null", "-",
    ]  # fmt: skip


def still_args(source: str) -> list[str]:
    """Report where a video without sound stands still, and where it is black."""
    seen = "blackdetect=d=0:pix_th=0.1:pic_th=0.98,freezedetect=n=0.00005:d=0.3"
    return [*_EXAMINING, *_input(source, _OURS), "-map", "0:V:0", "-vf", seen, "-f", "null", "-"]


def picture_args(source: str, frame: int, out: str) -> list[str]:
    """Take one frame out of a video, as a JPEG."""
    return [*_QUIET, *_jpeg(source, f"select=eq(n\\,{frame})"), "-frames:v", "1", *_JPEG, out]


def sheet_args(source: str, frames: Sequence[int], columns: int, out: str) -> list[str]:
    """Lay some frames of a video out side by side and in rows, small, as one JPEG."""
    wanted = _sum([f"eq(n\\,{frame})" for frame in frames])
    rows = -(-len(frames) // columns)
    steps = f"select={wanted},scale=216:-2:{_EXACT},tile={columns}x{rows}:padding=8:margin=8:color=0x101018"
    return [*_QUIET, *_jpeg(source, steps), "-frames:v", "1", *_JPEG, out]


def look_args(source: str) -> list[str]:
    """Report what a file holds, decoding nothing."""
    return [*_REPORTING, *_film(source), "-map_metadata", "-1", "-f", "ffmetadata", "pipe:1"]


def try_args(source: str, stream: str) -> list[str]:
    """Decode the beginning of a stream (`V` pictures that are not cover art, `a` sound); report what the file holds."""
    some = ["-map", f"0:{stream}:0", f"-frames:{stream.lower()}", "3"]
    return [
        *_REPORTING,
        "-xerror",
        "-threads",
        "1",
        "-t",
        "1",
        *(_film if stream == "V" else _sound)(source),
        *some,
        "-f",
        "null",
        "-",
    ]


def decode_all_args(source: str, stream: str) -> list[str]:
    """Decode the first minutes of a stream; report what cannot be. The number of frames, and to where, is on stdout."""
    rate = ["-fps_mode", "passthrough"] if stream == "V" else []
    some = ["-map", f"0:{stream}:0", *rate, "-t", str(MOST_DECODED_SECONDS), "-progress", "pipe:1"]
    return [*_EXAMINING, *_film(source), *some, "-f", "null", "-"]


def glimpse_args(source: str, place: Sequence[str], stream: str = "V") -> list[str]:
    """Write one small picture, or (stream `a`) a little sound, from a place to stdout: options before the input."""
    small = ["-vf", "scale=16:16:flags=area,format=gray", "-f", "rawvideo"] if stream == "V" else ["-f", "s16le"]
    some = ["-map", f"0:{stream}:0", f"-frames:{stream.lower()}", "1"]
    return [*_QUIET, "-threads", "1", *place, *_film(source), *some, *small, "pipe:1"]


def thumbnail_args(source: str, side: int, *, last: bool) -> list[str]:
    """Write the first picture, or the last ones, as `side` x `side` bytes of grey each, to stdout."""
    seek = ["-sseof", "-1"] if last else []
    shown = ["-map", "0:V:0", "-vf", f"scale={side}:{side}:flags=area,format=gray"]
    return [*_QUIET, *seek, *_film(source), *shown, *([] if last else ["-frames:v", "1"]), "-f", "rawvideo", "-"]


def _repeated(frames: Sequence[int], fps: int) -> str:
    """Show one picture at each of these frames (ascending), and nothing in between."""
    runs: list[list[int]] = []
    for frame in frames:
        if runs and frame == runs[-1][1] + 1:
            runs[-1][1] = frame
        else:
            runs.append([frame, frame])
    kept = _sum([f"between(n\\,{first}\\,{last})" for first, last in runs])
    return f"loop=loop={frames[-1]}:size=1,settb=1/{fps},setpts=N,select={kept}"


def _sum(terms: Sequence[str]) -> str:
    """Add up many terms: ffmpeg takes `a+b+c` for one sum inside the other, and no more than a hundred of them."""
    if len(terms) == 1:
        return terms[0]
    middle = len(terms) // 2
    return f"({_sum(terms[:middle])}+{_sum(terms[middle:])})"


def _ass(captions: Captions) -> str:
    return f"ass=filename={escaped(captions.ass)}:fontsdir={escaped(captions.fonts_dir)}"


def escaped(text: str) -> str:
    """Write a value so that a filter graph takes it as it is: once for the option, once more for the graph."""
    for special in ("\\':", "\\'[],;"):
        text = "".join(f"\\{letter}" if letter in special else letter for letter in text)
    return text


def _jpeg(source: str, steps: str) -> list[str]:
    """Return what turns pictures of ours into those of a JPEG, whose colours are those of the whole range."""
    to_jpeg = f"scale=in_color_matrix=bt709:in_range=tv:out_color_matrix=bt601:out_range=pc:{_EXACT},format=yuvj420p"
    shown = ["-threads", "1", *_input(source, _OURS), "-map", "0:V:0"]
    return [*shown, "-vf", f"{steps},{to_jpeg}", "-fps_mode", "passthrough"]


def _pictures(frame: Frame, codec: list[str]) -> list[str]:
    """Encode pictures without sound into an mp4 whose bytes depend on nothing else."""
    tags = [word for name in ("colorspace", "color_primaries", "color_trc") for word in (f"-{name}", "bt709")]
    return [
        "-an", *codec, "-pix_fmt", "yuv420p", "-color_range", "tv", *tags, "-threads", "1",
        "-video_track_timescale", _ticks(frame), *_NO_METADATA, "-f", "mp4",
    ]  # fmt: skip


def _ticks(frame: Frame) -> str:
    """Ticks a second in every file: whole ones for each frame, so that segments join without a rounded time."""
    return str(512 * frame.fps)


def _clip(backdrop: Backdrop, seconds: float, *options: str) -> list[str]:
    return ["-threads", "1", *options, "-t", f"{seconds:.6f}", *_input(backdrop.path, _OURS)]


def _panned(backdrop: Backdrop, frames: int, fps: int) -> tuple[list[list[str]], str]:
    """Return the inputs, and a graph whose frame i is frame `shown_frame(pan, frames, i) % loop_frames`.

    Frame n after the start is shown from the first i at which i * advance // frames reaches n, which is
    ceil(n * frames / advance); `fps` repeats a frame until the next is due, and drops the earlier of two that are due
    at once. One more frame than is shown must follow, for the last one to be repeated; what comes after that is not
    read, since ffmpeg decodes, and draws upon, ten frames or so in advance.
    """
    pan = backdrop.pan
    needed = pan.advance_frames + 1
    wraps = shown_frame(pan, frames, frames - 1) + 1 >= backdrop.loop_frames
    pick = f"settb=1/{fps},setpts=ceil(N*{frames}/{pan.advance_frames}),fps={fps}"
    endless = ("-stream_loop", "-1")
    if not pan.start_frame:
        return [_clip(backdrop, needed / fps, *(endless if wraps else ()))], f"[0:v]{pick}"
    # A whole second is exact, and has a keyframe: nothing in front of it is decoded. Else half a frame before its time,
    # so that rounding never decides.
    seconds = pan.start_frame / fps if pan.start_frame % fps == 0 else (pan.start_frame - 0.5) / fps
    first = _clip(backdrop, needed / fps, "-ss", f"{seconds:.6f}")
    if not wraps:
        return [first], f"[0:v]{pick}"
    # -stream_loop together with -ss goes back to the wrong frame: the rest of the first round is an input of its own
    rest = _clip(backdrop, (needed - backdrop.loop_frames + pan.start_frame) / fps, *endless)
    return [first, rest], f"[0:v][1:v]concat=n=2:v=1:a=0,{pick}"
