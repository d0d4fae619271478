"""One training on several GPUs or machines, as PyTorch's own launcher starts it; alone where none did.

torchrun --standalone --nproc-per-node 2 -m training train FILE --data DATA
"""

import os

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel


def begin() -> None:
    """Join the other processes where `torchrun` started this one among several."""
    if "RANK" in os.environ and not dist.is_initialized():
        if torch.cuda.is_available():
            torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
        dist.init_process_group("nccl" if torch.cuda.is_available() else "gloo")


def end() -> None:
    if dist.is_initialized():
        dist.destroy_process_group()


def rank() -> int:
    return dist.get_rank() if dist.is_initialized() else 0


def world() -> int:
    return dist.get_world_size() if dist.is_initialized() else 1


def leads() -> bool:
    """Whether this process is the one that saves, scores and prints."""
    return rank() == 0


def shared(network: nn.Module) -> nn.Module:
    """The network with gradients averaged over all processes."""
    if not dist.is_initialized():
        return network
    return DistributedDataParallel(network)


def device() -> torch.device:
    return torch.device("cuda", torch.cuda.current_device()) if torch.cuda.is_available() else torch.device("cpu")


def of_the_leader(value: float) -> float:
    """The leading process's value, in all of them: clocks and scores differ, decisions must not."""
    if not dist.is_initialized():
        return value
    told: Tensor = torch.tensor([value], dtype=torch.float64, device=device())
    dist.broadcast(told, 0)
    return float(told)
