# Blocks: empty ones, one of a kind, and several.
resource "aws_wafv2_web_acl" "no_rules" {
  name  = "no-rules"
  scope = "REGIONAL"

  default_action {
    allow {}
  }

  rule {}

  visibility_config {
    cloudwatch_metrics_enabled = true
    metric_name                = "no-rules"
    sampled_requests_enabled   = true
  }
}

resource "aws_wafv2_web_acl" "common_rules" {
  name  = "common-rules"
  scope = "REGIONAL"

  default_action {
    allow {}
  }

  rule {
    name     = "common"
    priority = 1

    override_action {
      none {}
    }

    statement {
      managed_rule_group_statement {
        name        = "AWSManagedRulesCommonRuleSet"
        vendor_name = "AWS"
      }
    }

    visibility_config {
      cloudwatch_metrics_enabled = true
      metric_name                = "common"
      sampled_requests_enabled   = true
    }
  }

  visibility_config {
    cloudwatch_metrics_enabled = true
    metric_name                = "common-rules"
    sampled_requests_enabled   = true
  }
}

resource "aws_cloudfront_distribution" "plain_http" {
  enabled = true

  origin {
    domain_name = "films.data.mediastore.eu-central-1.amazonaws.com"
    origin_id   = "films"

    custom_origin_config {
      http_port              = 80
      https_port             = 443
      origin_protocol_policy = "http-only"
      origin_ssl_protocols   = ["TLSv1.2"]
    }
  }

  default_cache_behavior {
    target_origin_id       = "films"
    viewer_protocol_policy = "redirect-to-https"
    allowed_methods        = ["GET", "HEAD"]
    cached_methods         = ["GET", "HEAD"]
  }

  restrictions {
    geo_restriction {
      restriction_type = "none"
    }
  }

  viewer_certificate {
    cloudfront_default_certificate = true
  }
}
