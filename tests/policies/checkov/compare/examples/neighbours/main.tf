# Checks that look at what stands beside a resource: its policy, its access block, its versioning.
variable "key_arn" {}

resource "aws_api_gateway_rest_api" "open" {
  name = "open"
}

resource "aws_api_gateway_rest_api_policy" "open" {
  rest_api_id = aws_api_gateway_rest_api.open.id
  policy = jsonencode({
    Statement = [{ Effect = "Allow", Action = "execute-api:Invoke", Principal = "*" }]
  })
}

resource "aws_api_gateway_method" "open" {
  rest_api_id   = aws_api_gateway_rest_api.open.id
  resource_id   = aws_api_gateway_rest_api.open.root_resource_id
  http_method   = "OPTIONS"
  authorization = "NONE"
}

resource "aws_api_gateway_rest_api" "arn" {
  name = "arn"
}

resource "aws_api_gateway_rest_api_policy" "arn" {
  rest_api_id = aws_api_gateway_rest_api.arn.id
  policy = jsonencode({
    Statement = [{
      Effect    = "Allow"
      Action    = "execute-api:Invoke"
      Principal = "*"
      Resource  = aws_api_gateway_rest_api.arn.execution_arn
    }]
  })
}

resource "aws_api_gateway_method" "arn" {
  rest_api_id   = aws_api_gateway_rest_api.arn.id
  resource_id   = aws_api_gateway_rest_api.arn.root_resource_id
  http_method   = "OPTIONS"
  authorization = "NONE"
}

resource "aws_s3_bucket" "each" {
  for_each = toset(["versioned", "others"])
  bucket   = "neighbours-${each.key}"
}

resource "aws_s3_bucket_versioning" "each" {
  for_each = toset(["versioned", "others"])
  bucket   = aws_s3_bucket.each[each.key].id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_secretsmanager_secret" "configured_key" {
  name       = "configured-key"
  kms_key_id = var.key_arn
}

resource "aws_iam_policy_attachment" "nobody" {
  name       = "nobody"
  policy_arn = "arn:aws:iam::aws:policy/ReadOnlyAccess"
  roles      = ["reader"]
  users      = null
}
