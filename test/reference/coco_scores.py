"""python3 coco_scores.py ANNOTATIONS.json RESULTS.json: COCO's twelve numbers for boxes and masks as JSON on standard output.

A plain transcription of the published protocol: masks are arrays of pixels, every pair is compared anew, and tables have the
axes [threshold, recall, category, area, detections]. Masks must be runs (a list, or compressed text), not polygons.
"""

import json
import sys

import numpy as np

THRESHOLDS = np.linspace(0.5, 0.95, 10)
RECALLS = np.linspace(0.0, 1.0, 101)
AREAS = [(0, 1e5**2), (0, 32**2), (32**2, 96**2), (96**2, 1e5**2)]
MOST = [1, 10, 100]


def uncompress(text):
    numbers, place = [], 0
    while place < len(text):
        value, shift, more = 0, 0, True
        while more:
            code = ord(text[place]) - 48
            value |= (code & 0x1F) << (5 * shift)
            more = bool(code & 0x20)
            place, shift = place + 1, shift + 1
            if not more and code & 0x10:
                value |= -1 << (5 * shift)
        if len(numbers) > 2:
            value += numbers[-2]
        numbers.append(value)
    return numbers


def pixels(segmentation):
    height, width = segmentation["size"]
    counts = segmentation["counts"]
    counts = uncompress(counts) if isinstance(counts, str) else counts
    flat = np.repeat(np.arange(len(counts)) % 2, counts).astype(bool)
    return flat.reshape(width, height).T


def box_of(mask):
    if not mask.any():
        return [0, 0, 0, 0]
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return [columns[0], rows[0], columns[-1] - columns[0] + 1, rows[-1] - rows[0] + 1]


def box_iou(d, g, crowd):
    w = min(d[0] + d[2], g[0] + g[2]) - max(d[0], g[0])
    h = min(d[1] + d[3], g[1] + g[3]) - max(d[1], g[1])
    if w <= 0 or h <= 0:
        return 0.0
    overlap = w * h
    return overlap / (d[2] * d[3] if crowd else d[2] * d[3] + g[2] * g[3] - overlap)


def mask_iou(d, g, crowd):
    if box_iou(box_of(d), box_of(g), crowd) <= 0:
        return 0.0
    overlap = np.count_nonzero(d & g)
    union = np.count_nonzero(d) if crowd else np.count_nonzero(d | g)
    return overlap / union if overlap else 0.0


def ious_of(kind, dets, gts):
    table = np.zeros((len(dets), len(gts)))
    for i, d in enumerate(dets):
        for j, g in enumerate(gts):
            crowd = g["iscrowd"]
            if kind == "bbox":
                table[i, j] = box_iou(d["bbox"], g["bbox"], crowd)
            else:
                table[i, j] = mask_iou(pixels(d["segmentation"]), pixels(g["segmentation"]), crowd)
    return table


def area_of(kind, d):
    return d["bbox"][2] * d["bbox"][3] if kind == "bbox" else np.count_nonzero(pixels(d["segmentation"]))


def match(kind, dets, gts, low, high):
    """One image and category -> scores [D], matched and ignored [T, D], how many objects count."""
    dets = [dets[i] for i in np.argsort([-d["score"] for d in dets], kind="mergesort")][: MOST[-1]]
    ignore = np.array([bool(g["iscrowd"] or g["area"] < low or g["area"] > high) for g in gts], dtype=bool)
    order = np.argsort(ignore, kind="mergesort")
    gts, ignore = [gts[i] for i in order], ignore[order]
    table = ious_of(kind, dets, gts)
    matched = np.zeros((len(THRESHOLDS), len(dets)), dtype=bool)
    left_out = np.zeros_like(matched)
    taken = np.zeros((len(THRESHOLDS), len(gts)), dtype=bool)
    for t, threshold in enumerate(THRESHOLDS):
        for i in range(len(dets)):
            best, which = min(threshold, 1 - 1e-10), -1
            for j, g in enumerate(gts):
                if taken[t, j] and not g["iscrowd"]:
                    continue
                if which > -1 and not ignore[which] and ignore[j]:
                    break
                if table[i, j] < best:
                    continue
                best, which = table[i, j], j
            if which > -1:
                matched[t, i], left_out[t, i], taken[t, which] = True, ignore[which], True
    outside = np.array([not low <= area_of(kind, d) <= high for d in dets], dtype=bool)
    left_out |= ~matched & outside[None]
    return np.array([d["score"] for d in dets]), matched, left_out, np.count_nonzero(~ignore)


def scores(kind, truth, results):
    images = sorted(image["id"] for image in truth["images"])
    categories = sorted(category["id"] for category in truth["categories"])
    precision = -np.ones((len(THRESHOLDS), len(RECALLS), len(categories), len(AREAS), len(MOST)))
    recall = -np.ones((len(THRESHOLDS), len(categories), len(AREAS), len(MOST)))
    for c, category in enumerate(categories):
        for a, (low, high) in enumerate(AREAS):
            parts = []
            for image in images:
                gts = [x for x in truth["annotations"] if (x["image_id"], x["category_id"]) == (image, category)]
                dets = [x for x in results if (x["image_id"], x["category_id"]) == (image, category)]
                if gts or dets:
                    parts.append(match(kind, dets, gts, low, high))
            counted = sum(part[3] for part in parts)
            if not counted:
                continue
            for m, most in enumerate(MOST):
                values = np.concatenate([part[0][:most] for part in parts])
                order = np.argsort(-values, kind="mergesort")
                matched = np.concatenate([part[1][:, :most] for part in parts], axis=1)[:, order]
                left_out = np.concatenate([part[2][:, :most] for part in parts], axis=1)[:, order]
                right = np.cumsum(matched & ~left_out, axis=1).astype(float)
                wrong = np.cumsum(~matched & ~left_out, axis=1).astype(float)
                for t in range(len(THRESHOLDS)):
                    reached = right[t] / counted
                    exact = right[t] / (wrong[t] + right[t] + np.spacing(1))
                    recall[t, c, a, m] = reached[-1] if len(reached) else 0
                    for i in range(len(exact) - 1, 0, -1):
                        exact[i - 1] = max(exact[i - 1], exact[i])
                    for r, place in enumerate(np.searchsorted(reached, RECALLS, side="left")):
                        precision[t, r, c, a, m] = exact[place] if place < len(exact) else 0

    def mean(table):
        known = table[table > -1]
        return float(known.mean()) if known.size else -1.0

    numbers = [mean(precision[:, :, :, 0, 2]), mean(precision[0, :, :, 0, 2]), mean(precision[5, :, :, 0, 2])]
    numbers += [mean(precision[:, :, :, a, 2]) for a in (1, 2, 3)]
    numbers += [mean(recall[:, :, 0, m]) for m in (0, 1, 2)]
    numbers += [mean(recall[:, :, a, 2]) for a in (1, 2, 3)]
    return {"measures": numbers, "perClass": [mean(precision[:, :, c, 0, 2]) for c in range(len(categories))]}


def main(annotations, results):
    with open(annotations) as file:
        truth = json.load(file)
    with open(results) as file:
        found = json.load(file)
    print(json.dumps({kind: scores(kind, truth, found) for kind in ("bbox", "segm")}))


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
