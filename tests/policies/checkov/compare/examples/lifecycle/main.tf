# Options of Terraform's that Pulumi spells otherwise, and a check that a comment skips.
resource "aws_s3_bucket" "kept" {
  # checkov:skip=CKV_AWS_18:Access is recorded by CloudTrail
  bucket = "kept"

  lifecycle {
    prevent_destroy = true
    ignore_changes  = [tags]
  }
}

resource "aws_ebs_volume" "plain" {
  availability_zone = "eu-central-1a"
  size              = 10
  encrypted         = false
}

resource "aws_acm_certificate" "created_first" {
  domain_name       = "shop.example.com"
  validation_method = "DNS"

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_acm_certificate" "deleted_first" {
  domain_name       = "shop.example.com"
  validation_method = "DNS"
}

resource "aws_api_gateway_rest_api" "created_first" {
  name = "created-first"

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_api_gateway_rest_api" "deleted_first" {
  name = "deleted-first"
}
