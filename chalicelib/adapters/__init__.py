"""The real homes of what the ports describe: DynamoDB, SQS, S3, OpenSearch, guarded HTTP."""
