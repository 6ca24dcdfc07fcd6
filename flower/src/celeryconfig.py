"""What Flower is to know, which has no app of ours: the queue, also before it hears of workers."""

# pipeline.training's
task_default_queue = "train"
task_default_queue_type = "quorum"
