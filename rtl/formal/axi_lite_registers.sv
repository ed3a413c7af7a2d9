// Proves the register block: the rules of AXI4-Lite on all five channels, one response for each request and none
// without, SLVERR exactly on the offsets that are not in docs/registers.md, and what each register reads and does.
`include "generated/deltascope_abi.svh"

module axi_lite_registers_proof (
    input wire        clock,
    input wire        resetn,
    input wire [11:0] awaddr,
    input wire        awvalid,
    input wire [31:0] wdata,
    input wire [3:0]  wstrb,
    input wire        wvalid,
    input wire        bready,
    input wire [11:0] araddr,
    input wire        arvalid,
    input wire        rready,
    input wire [31:0] build_id,
    input wire        build_dirty,
    input wire        clearing,
    input wire        draining,
    input wire        answering,
    input wire        blocked,
    input wire        snapshot_event,
    input wire        batch_end_event,
    input wire        error_event,
    input wire [64*`COUNTERS-1:0] counters
);
    wire awready, wready, bvalid, arready, rvalid, latch, soft_reset, irq;
    wire [1:0] bresp, rresp;
    wire [31:0] rdata;
    axi_lite_registers dut (.*);

    (* hierconn *) wire \dut.address_held , \dut.data_held , \dut.write_decoded , \dut.write_done , \dut.write_error ;
    (* hierconn *) wire [11:0] \dut.write_address , \dut.read_address ;
    (* hierconn *) wire [31:0] \dut.write_data , \dut.scratch ;
    // Under these names the registers keep what they hold at power-up: their unused bits are in no reset.
    (* hierconn *) wire [31:0] \dut.reader.words_irq_status , \dut.reader.words_irq_mask ;
    (* hierconn *) wire [3:0] \dut.write_strobe ;
    (* hierconn *) wire \dut.read_decode , \dut.read_select , \dut.read_done , \dut.reader_defined , \dut.decode_defined ;
    (* hierconn *) wire \dut.decode_hit_scratch , \dut.decode_hit_control , \dut.decode_hit_irq_status , \dut.decode_hit_irq_mask ;
    (* hierconn *) wire [31:0] \dut.reader.counter_answer ;
    (* hierconn *) wire \dut.reader.decode_hit_counter , \dut.reader.decode_defined ;
    `READ_HIT_WIRES

    reg started = 0;
    always @(posedge clock) started <= 1;
    always @(*) if (!started) assume (!resetn);

    function is_counter(input [11:0] a);
        is_counter = a >= `AT_COUNTERS && a < `AT_COUNTERS + 12'd8 * `COUNTERS && a[1:0] == 0;
    endfunction
    function is_defined(input [11:0] a);
        is_defined = is_counter(a) || `IS_REGISTER(a);
    endfunction

    // Writes: what was requested and is not yet answered. A response that appears in this clock takes its request.
    reg address_waits, data_waits, response_waits, error;
    reg [11:0] address;
    reg [31:0] data;
    reg [3:0] strobe;
    reg [1:0] waited;
    reg just_reset;
    wire responds = bvalid && !response_waits;
    wire address_held = address_waits && !responds, data_held = data_waits && !responds;
    wire acts = responds && strobe[0];
    always @(posedge clock) begin
        address_waits <= address_held || (awvalid && awready);
        data_waits <= data_held || (wvalid && wready);
        if (awvalid && awready) address <= awaddr;
        if (wvalid && wready) {data, strobe} <= {wdata, wstrb};
        response_waits <= bvalid && !bready;
        error <= bresp != 0;
        just_reset <= !resetn;
        waited <= address_held && data_held && !bvalid ? waited + 2'd1 : 2'd0;
        if (!resetn) {address_waits, data_waits, response_waits, waited} <= 0;
    end

    // Registers as the writes leave them; a response shows that its write has been done.
    reg [31:0] scratch_before;
    reg [2:0] irq_before, mask_before, events_before;
    reg raised;
    wire [31:0] written = {
        strobe[3] ? data[31:24] : scratch_before[31:24], strobe[2] ? data[23:16] : scratch_before[23:16],
        strobe[1] ? data[15:8] : scratch_before[15:8], strobe[0] ? data[7:0] : scratch_before[7:0]
    };
    wire [31:0] scratch = responds && address == `AT_SCRATCH ? written : scratch_before;
    wire [2:0] mask = acts && address == `AT_IRQ_MASK ? data[2:0] : mask_before;
    wire [2:0] cleared = acts && address == `AT_IRQ_STATUS ? data[2:0] : 3'd0;
    wire [2:0] irq_status = (irq_before & ~cleared) | events_before;
    always @(posedge clock) begin
        scratch_before <= scratch;
        irq_before <= irq_status;
        mask_before <= mask;
        events_before <= {error_event, batch_end_event, snapshot_event};
        raised <= |(irq_status & mask);
        if (!resetn) {scratch_before, irq_before, mask_before, events_before, raised} <= 0;
    end

    // Reads: decoded, selected, offered. A counter is taken one clock before the other registers.
    reg decodes, selects, offers;
    reg [11:0] read_address;
    reg [31:0] counter_word, expected;
    function [31:0] fixed(input [11:0] a, input [31:0] s);
        case (a)
            `AT_IDENTITY: fixed = `IDENTITY_VALUE;
            `AT_ABI_VERSION: fixed = `ABI_VERSION_VALUE;
            `AT_BUILD_ID: fixed = build_id;
            `AT_BUILD_FLAGS: fixed = {31'd0, build_dirty};
            `AT_SCRATCH: fixed = s;
            `AT_CAP_CONTEXTS: fixed = 32'd1 << `CONTEXT_BITS;
            `AT_CAP_GROUPS: fixed = 32'd1 << `GROUP_BITS;
            `AT_CAP_JOURNAL: fixed = (32'd1 << (`DEPTH_BITS + 16)) | `LANES;
            `AT_CAP_STREAM: fixed = (64 << 16) | `PACKET;
            `AT_STATUS: fixed = {28'd0, blocked, answering, draining, clearing};
            `AT_IRQ_STATUS: fixed = {29'd0, irq_status};
            `AT_IRQ_MASK: fixed = {29'd0, mask};
            default: fixed = 32'd0;
        endcase
    endfunction
    // Which counter is read is a constant that the solver chooses; reads of others are not followed.
    (* anyconst *) wire [5:0] followed;
    wire [31:0] followed_word = counters[32 * followed +: 32];
    wire follows = read_address[7:2] == followed;
    always @(posedge clock) begin
        decodes <= arvalid && arready;
        selects <= decodes;
        offers <= selects || (offers && !rready);
        if (arvalid && arready) read_address <= araddr;
        counter_word <= followed_word;
        if (selects) expected <= is_counter(read_address) ? counter_word : fixed(read_address, scratch);
        if (!resetn) {decodes, selects, offers} <= 0;
    end

    reg r_stalled;
    reg [33:0] r_offer;
    always @(posedge clock) begin
        r_stalled <= rvalid && !rready && resetn;
        r_offer <= {rresp, rdata};
    end

    always @(*) if (started) assert (\dut.reader.words_irq_status [31:3] == 0 && \dut.reader.words_irq_mask [31:3] == 0);
    always @(*) if (started) begin
        // The properties: writes.
        if (response_waits) b_stands: assert (bvalid && (bresp != 0) == error);
        if (responds) responds_to_a_request: assert (address_waits && data_waits);
        if (responds) slverr_exactly_on_undefined: assert (bresp == (is_defined(address) ? 2'b00 : 2'b10));
        one_address_waits: assert (awready == !address_held);
        one_word_waits: assert (wready == !data_held);
        responds_in_time: assert (waited <= 2);
        soft_reset_on_command: assert (soft_reset == (acts && address == `AT_CONTROL && data[`CONTROL_SOFT_RESET]));
        latch_on_command: assert (latch == (acts && address == `AT_CONTROL && data[`CONTROL_LATCH]));
        irq_is_right: assert (irq == raised);
        // The properties: reads.
        responds_once_in_three_clocks: assert (rvalid == offers);
        one_read_at_a_time: assert (arready == !(decodes || selects || offers));
        if (rvalid) slverr_exactly_on_undefined_reads: assert (rresp == (is_defined(read_address) ? 2'b00 : 2'b10));
        if (rvalid && is_defined(read_address) && (!is_counter(read_address) || follows)) word_is_right: assert (rdata == expected);
        if (r_stalled) r_stands: assert (rvalid && {rresp, rdata} == r_offer);
        // The invariants that make them inductive.
        assert (!response_waits || \dut.write_done );
        assert (bvalid == \dut.write_done );
        assert (address_held == \dut.address_held && data_held == \dut.data_held );
        if (\dut.address_held ) assert (\dut.write_address == address);
        if (\dut.data_held ) assert (\dut.write_data == data && \dut.write_strobe == strobe);
        assert (!\dut.write_decoded || \dut.address_held || just_reset);
        if (just_reset) assert (!\dut.address_held && !\dut.data_held );
        if (\dut.write_decoded && !just_reset) assert (\dut.decode_defined == is_defined(address));
        if (\dut.write_decoded && !just_reset) assert (\dut.decode_hit_scratch == (address == `AT_SCRATCH) && \dut.decode_hit_control == (address == `AT_CONTROL));
        if (\dut.write_decoded && !just_reset) assert (\dut.decode_hit_irq_status == (address == `AT_IRQ_STATUS) && \dut.decode_hit_irq_mask == (address == `AT_IRQ_MASK));
        if (waited != 0) assert (\dut.address_held && \dut.data_held || responds);
        if (waited == 2) assert (responds);
        if (waited == 1) assert (\dut.write_decoded || responds);
        assert (\dut.scratch == scratch && \dut.reader.words_irq_status == {29'd0, irq_status} && \dut.reader.words_irq_mask == {29'd0, mask});
        assert (\dut.read_decode == decodes && \dut.read_select == selects && \dut.read_done == offers);
        assert (decodes + selects + offers <= 2'd1);
        if (decodes || selects || offers) assert (\dut.read_address == read_address);
        if (selects) begin
            assert (\dut.reader.decode_defined == is_defined(read_address));
            assert (\dut.reader.decode_hit_counter == is_counter(read_address));
            `READ_HITS_ARE_RIGHT(read_address)
            if (is_counter(read_address) && follows) assert (\dut.reader.counter_answer == counter_word);
        end
        if (offers) assert (\dut.reader_defined == is_defined(read_address));
    end

    // Traces.
    always @(*) begin
        data_before_address: cover (started && wready == 0 && awready && data_held);
        scratch_is_written_by_bytes: cover (started && rvalid && read_address == `AT_SCRATCH && rdata == 32'h00aa0055);
        writes_back_to_back: cover (started && bvalid && address_held && data_held);
        undefined_write: cover (started && responds && bresp == 2'b10 && address == 12'h198);
        undefined_read: cover (started && rvalid && rresp == 2'b10 && read_address == 12'h050);
        last_counter: cover (started && rvalid && rready && read_address == 12'h194 && followed == 6'd37 && rdata == 32'd9);
        latches: cover (started && latch && !soft_reset);
        event_wins_over_clear: cover (started && cleared[1] && irq_status[1] && irq);
    end
endmodule
