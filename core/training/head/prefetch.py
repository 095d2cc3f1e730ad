"""The processor's prefetch instruction for compiled loops, which Numba does not offer.

A loop that computes between two reads of memory waits for each: the processor looks ahead only a little. Asking for a
row a few turns before it is needed hides the wait; it took a quarter off a training step. An address past the array's
end does no harm: a prefetch never faults.
"""

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

_TO_WRITE, _KEEP, _DATA = 1, 3, 1  # what the instruction is told about the cache line


@intrinsic  # type: ignore[untyped-decorator]
def prefetch(typing_context: Any, array: Any, index: Any) -> Any:
    """`prefetch(array, index)`: brings the cache line of a C-contiguous array's flat `index` near."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        byte, word = ir.IntType(8).as_pointer(), ir.IntType(32)
        name = "llvm.prefetch.p0"
        function = builder.module.globals.get(name) or ir.Function(
            builder.module, ir.FunctionType(ir.VoidType(), [byte, word, word, word]), name
        )
        line = builder.bitcast(builder.gep(data, [arguments[1]]), byte)
        builder.call(function, [line, word(_TO_WRITE), word(_KEEP), word(_DATA)])
        return context.get_dummy_value()

    return types.void(array, types.intp), generate
