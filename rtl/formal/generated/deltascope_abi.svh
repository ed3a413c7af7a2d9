// Made from abi/src by `cargo xtask gen`; do not edit.
`ifndef DELTASCOPE_ABI_SVH
`define DELTASCOPE_ABI_SVH

// Op codes.
`define OP_NOP 4'd0
`define OP_LOAD 4'd1
`define OP_ACCUM 4'd2
`define OP_READ 4'd3
`define OP_SWAP 4'd4
`define OP_PAIR 4'd5
`define OP_SEND 4'd6
`define OP_SNAPSHOT 4'd7
`define OP_SYNC 4'd8
`define OP_QUERY 4'd9

// Bits of a record.
`define RECORD_OP 3:0
`define RECORD_REPLY 4
`define RECORD_REBASE 5
`define RECORD_CLASS 7:6
`define RECORD_GROUP 23:8
`define RECORD_CONTEXT 39:24
`define RECORD_LENGTH 63:40
`define RECORD_OPERAND 127:64

// Bits of a reply.
`define REPLY_OP 3:0
`define REPLY_ZERO 4
`define REPLY_TOO_OLD 5
`define REPLY_CLASS 7:6
`define REPLY_GROUP 23:8
`define REPLY_CONTEXT 39:24
`define REPLY_POSITION 63:40
`define REPLY_VALUE 127:64

// Registers: byte offsets, then the bits of their fields.
`define ADDRESS_BITS 12
`define AT_IDENTITY 12'h000
`define AT_ABI_VERSION 12'h004
`define AT_BUILD_ID 12'h008
`define AT_BUILD_FLAGS 12'h00c
`define AT_SCRATCH 12'h010
`define AT_CAP_CONTEXTS 12'h014
`define AT_CAP_GROUPS 12'h018
`define AT_CAP_JOURNAL 12'h01c
`define AT_CAP_STREAM 12'h020
`define AT_CONTROL 12'h040
`define AT_STATUS 12'h044
`define AT_IRQ_STATUS 12'h048
`define AT_IRQ_MASK 12'h04c
`define AT_COUNTERS 12'h100
`define BUILD_FLAGS_DIRTY 0
`define CAP_JOURNAL_LANES 15:0
`define CAP_JOURNAL_DEPTH 31:16
`define CAP_STREAM_REPLY_PACKET 15:0
`define CAP_STREAM_AXIS_BITS 31:16
`define CONTROL_SOFT_RESET 0
`define CONTROL_LATCH 1
`define STATUS_CLEARING 0
`define STATUS_DRAINING 1
`define STATUS_ANSWERING 2
`define STATUS_BLOCKED 3
`define IRQ_STATUS_SNAPSHOT 0
`define IRQ_STATUS_BATCH_END 1
`define IRQ_STATUS_ERROR 2
`define IRQ_MASK_SNAPSHOT 0
`define IRQ_MASK_BATCH_END 1
`define IRQ_MASK_ERROR 2
`define IDENTITY_VALUE 32'h444c5453
`define ABI_VERSION_VALUE 32'h00010000

// Latched counters: places in the set of all, 64 bits each.
`define COUNTERS 19
`define COUNTER_ACCEPTED 0
`define COUNTER_REJECTED 1
`define COUNTER_JOURNAL_POSITION 2
`define COUNTER_REPLY_BEATS 3
`define COUNTER_OP_NOP 4
`define COUNTER_OP_LOAD 5
`define COUNTER_OP_ACCUM 6
`define COUNTER_OP_READ 7
`define COUNTER_OP_SWAP 8
`define COUNTER_OP_PAIR 9
`define COUNTER_OP_SEND 10
`define COUNTER_OP_SNAPSHOT 11
`define COUNTER_OP_SYNC 12
`define COUNTER_OP_QUERY 13
`define COUNTER_CLOCKS_MOVING 14
`define COUNTER_CLOCKS_STARVED 15
`define COUNTER_CLOCKS_BLOCKED 16
`define COUNTER_CLOCKS_CLEARING 17
`define COUNTER_CLOCKS_ANSWERING 18

// Whether a register below the counters is at `a`.
`define IS_REGISTER(a) ((a) == `AT_IDENTITY || (a) == `AT_ABI_VERSION || (a) == `AT_BUILD_ID || (a) == `AT_BUILD_FLAGS || (a) == `AT_SCRATCH || (a) == `AT_CAP_CONTEXTS || (a) == `AT_CAP_GROUPS || (a) == `AT_CAP_JOURNAL || (a) == `AT_CAP_STREAM || (a) == `AT_CONTROL || (a) == `AT_STATUS || (a) == `AT_IRQ_STATUS || (a) == `AT_IRQ_MASK)

// The decoder of the read side: its wires, and that each says the register at `a`.
`define READ_HIT_WIRES (* hierconn *) wire \dut.reader.decode_hit_identity ; \
    (* hierconn *) wire \dut.reader.decode_hit_abi_version ; \
    (* hierconn *) wire \dut.reader.decode_hit_build_id ; \
    (* hierconn *) wire \dut.reader.decode_hit_build_flags ; \
    (* hierconn *) wire \dut.reader.decode_hit_scratch ; \
    (* hierconn *) wire \dut.reader.decode_hit_cap_contexts ; \
    (* hierconn *) wire \dut.reader.decode_hit_cap_groups ; \
    (* hierconn *) wire \dut.reader.decode_hit_cap_journal ; \
    (* hierconn *) wire \dut.reader.decode_hit_cap_stream ; \
    (* hierconn *) wire \dut.reader.decode_hit_control ; \
    (* hierconn *) wire \dut.reader.decode_hit_status ; \
    (* hierconn *) wire \dut.reader.decode_hit_irq_status ; \
    (* hierconn *) wire \dut.reader.decode_hit_irq_mask ;
`define READ_HITS_ARE_RIGHT(a) assert (\dut.reader.decode_hit_identity == ((a) == `AT_IDENTITY)); \
    assert (\dut.reader.decode_hit_abi_version == ((a) == `AT_ABI_VERSION)); \
    assert (\dut.reader.decode_hit_build_id == ((a) == `AT_BUILD_ID)); \
    assert (\dut.reader.decode_hit_build_flags == ((a) == `AT_BUILD_FLAGS)); \
    assert (\dut.reader.decode_hit_scratch == ((a) == `AT_SCRATCH)); \
    assert (\dut.reader.decode_hit_cap_contexts == ((a) == `AT_CAP_CONTEXTS)); \
    assert (\dut.reader.decode_hit_cap_groups == ((a) == `AT_CAP_GROUPS)); \
    assert (\dut.reader.decode_hit_cap_journal == ((a) == `AT_CAP_JOURNAL)); \
    assert (\dut.reader.decode_hit_cap_stream == ((a) == `AT_CAP_STREAM)); \
    assert (\dut.reader.decode_hit_control == ((a) == `AT_CONTROL)); \
    assert (\dut.reader.decode_hit_status == ((a) == `AT_STATUS)); \
    assert (\dut.reader.decode_hit_irq_status == ((a) == `AT_IRQ_STATUS)); \
    assert (\dut.reader.decode_hit_irq_mask == ((a) == `AT_IRQ_MASK));

`endif
