"""Receipts and blobs: a folder, S3, or one in front of the other."""
