# Values that come from a resource which the same update makes.
resource "aws_kms_key" "own" {
  description         = "own"
  enable_key_rotation = true
}

resource "aws_sqs_queue" "encrypted" {
  name              = "encrypted"
  kms_master_key_id = aws_kms_key.own.arn
}

resource "aws_sns_topic" "encrypted" {
  name              = "encrypted"
  kms_master_key_id = aws_kms_key.own.id
}

resource "aws_cloudwatch_log_group" "encrypted" {
  name              = "encrypted"
  retention_in_days = 400
  kms_key_id        = aws_kms_key.own.arn
}

resource "aws_security_group" "web" {
  name        = "web"
  description = "for the test"
  vpc_id      = aws_vpc.own.id

  ingress {
    description     = "from the balancer"
    from_port       = 443
    to_port         = 443
    protocol        = "tcp"
    security_groups = [aws_security_group.balancer.id]
  }
}

resource "aws_security_group" "balancer" {
  name        = "balancer"
  description = "for the test"
  vpc_id      = aws_vpc.own.id
}

resource "aws_vpc" "own" {
  cidr_block = "10.1.0.0/16"
}

resource "aws_db_instance" "orders" {
  identifier             = "orders"
  engine                 = "postgres"
  instance_class         = "db.t3.micro"
  allocated_storage      = 20
  storage_encrypted      = true
  kms_key_id             = aws_kms_key.own.arn
  vpc_security_group_ids = [aws_security_group.web.id]
}
