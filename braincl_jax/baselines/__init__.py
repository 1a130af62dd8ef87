"""The same pipeline with another memory: finetune, raw exemplars, joint training, a cache of recalled images."""
