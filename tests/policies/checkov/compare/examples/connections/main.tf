# A bucket and what stands beside it: named by text, named by reference, and not at all.
resource "aws_s3_bucket" "by_text" {
  bucket = "orders-by-text"
}

resource "aws_s3_bucket_versioning" "by_text" {
  bucket = aws_s3_bucket.by_text.bucket
  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_public_access_block" "by_text" {
  bucket                  = aws_s3_bucket.by_text.bucket
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket" "by_reference" {
  bucket_prefix = "orders"
}

resource "aws_s3_bucket_versioning" "by_reference" {
  bucket = aws_s3_bucket.by_reference.id
  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket" "alone" {
  bucket = "orders-alone"
}

resource "aws_s3_bucket_replication_configuration" "by_text" {
  bucket = aws_s3_bucket.by_text.bucket
  role   = "arn:aws:iam::111122223333:role/copy"

  rule {
    id     = "all"
    status = "Enabled"
    destination {
      bucket = "arn:aws:s3:::elsewhere"
    }
  }
}

resource "aws_vpc" "main" {
  cidr_block = "10.0.0.0/16"
}

resource "aws_flow_log" "main" {
  log_destination = "arn:aws:s3:::logs"
  traffic_type    = "ALL"
  vpc_id          = aws_vpc.main.id
}
