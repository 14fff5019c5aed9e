"""What starts functions: queues, table streams, bucket notifications and topics.

moto delivers by itself, and synchronously, at the moment a message is sent. Here its own delivery is switched off and
pollers deliver instead, as Lambda's event source mappings do. Importing this package puts all of that in place.
"""

from sandbox.account import topics
from sandbox.account.event_sources import bucket_settings, buckets, mappings, message_move_tasks, queues, sqs, streams

queues.install()
message_move_tasks.install()
mappings.install()
buckets.install()
bucket_settings.install()
topics.install()

__all__ = ["bucket_settings", "buckets", "mappings", "moves", "queues", "sqs", "streams", "topics"]
