"""What checks say of deliveries that the grader has not read (``grader.evidence.workspace``)."""

TOO_MANY = "the webhooks made more deliveries than the grader reads, and none of those that it read was for this move"
