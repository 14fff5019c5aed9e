# Arguments whose names differ between Terraform and Pulumi: blocks in the plural, lists in the singular, renamed ones.
resource "aws_launch_template" "public" {
  name          = "public"
  image_id      = "ami-0a1"
  instance_type = "t3.small"

  network_interfaces {
    associate_public_ip_address = true
  }
  metadata_options {
    http_endpoint = "enabled"
    http_tokens   = "required"
  }
}

resource "aws_launch_template" "private" {
  name          = "private"
  image_id      = "ami-0a1"
  instance_type = "t3.small"

  block_device_mappings {
    device_name = "/dev/xvda"
    ebs {
      encrypted   = true
      volume_size = 20
    }
  }
  network_interfaces {
    associate_public_ip_address = false
  }
  metadata_options {
    http_endpoint = "enabled"
    http_tokens   = "optional"
  }
}

resource "aws_ecs_task_definition" "encrypted" {
  family                = "web"
  container_definitions = jsonencode([{ name = "web", image = "web:1", essential = true }])

  volume {
    name = "files"
    efs_volume_configuration {
      file_system_id     = "fs-1"
      transit_encryption = "ENABLED"
    }
  }
}

resource "aws_ecs_task_definition" "plain" {
  family                = "web"
  container_definitions = jsonencode([{ name = "web", image = "web:1", privileged = true }])

  volume {
    name = "files"
    efs_volume_configuration {
      file_system_id     = "fs-1"
      transit_encryption = "DISABLED"
    }
  }
}

resource "aws_waf_web_acl" "ruled" {
  name        = "ruled"
  metric_name = "ruled"
  default_action {
    type = "ALLOW"
  }
  rules {
    priority = 1
    rule_id  = "r-1"
    type     = "REGULAR"
    action {
      type = "BLOCK"
    }
  }
}

resource "aws_autoscaling_group" "tagged" {
  name                = "tagged"
  min_size            = 1
  max_size            = 2
  vpc_zone_identifier = ["subnet-1", "subnet-2"]
  launch_configuration = "old"

  tag {
    key                 = "team"
    value               = "shop"
    propagate_at_launch = true
  }
}

resource "aws_elastic_beanstalk_environment" "web" {
  name                = "web"
  application         = "shop"
  solution_stack_name = "64bit Amazon Linux 2023 v4.0.0 running Python 3.11"
  version_label       = "v1"

  setting {
    namespace = "aws:elasticbeanstalk:healthreporting:system"
    name      = "HealthStreamingEnabled"
    value     = "true"
  }
}

resource "aws_security_group" "open" {
  name        = "open"
  description = "for the test"

  ingress {
    description = "ssh"
    from_port   = 22
    to_port     = 22
    protocol    = "tcp"
    cidr_blocks = ["10.0.0.0/8", "0.0.0.0/0"]
  }
}

resource "aws_api_gateway_rest_api" "private" {
  name = "private"
  endpoint_configuration {
    types = ["PRIVATE"]
  }
}

resource "aws_dynamodb_table" "kept" {
  name         = "kept"
  hash_key     = "id"
  billing_mode = "PAY_PER_REQUEST"

  attribute {
    name = "id"
    type = "S"
  }
  point_in_time_recovery {
    enabled = true
  }
  server_side_encryption {
    enabled     = true
    kms_key_arn = "arn:aws:kms:eu-central-1:111122223333:key/1"
  }
}

resource "aws_lambda_function" "resize" {
  function_name = "resize"
  role          = "arn:aws:iam::111122223333:role/resize"
  filename      = "resize.zip"
  handler       = "main.handler"
  runtime       = "python3.12"

  environment {
    variables = {
      TABLE = "kept"
    }
  }
  tracing_config {
    mode = "Active"
  }
}
