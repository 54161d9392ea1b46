"""The desk: pages and health for people and for machines; the stages' internals are not its business."""
