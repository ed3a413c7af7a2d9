// Generated from the blocks in rtl/src by `cargo xtask gen`. Do not edit: change the block.
// AXI4-Lite slave with the registers that software writes. Undefined offsets answer SLVERR.
module axi_lite_registers (
    input  wire         clock,
    input  wire         resetn,
    input  wire [11:0]  awaddr,
    input  wire         awvalid,
    output wire         awready,
    input  wire [31:0]  wdata,
    input  wire [3:0]   wstrb,
    input  wire         wvalid,
    output wire         wready,
    output wire [1:0]   bresp,
    output wire         bvalid,
    input  wire         bready,
    input  wire [11:0]  araddr,
    input  wire         arvalid,
    output wire         arready,
    output wire [31:0]  rdata,
    output wire [1:0]   rresp,
    output wire         rvalid,
    input  wire         rready,
    input  wire [31:0]  build_id,
    input  wire         build_dirty,
    input  wire         clearing,
    input  wire         draining,
    input  wire         answering,
    input  wire         blocked,
    input  wire         snapshot_event,
    input  wire         batch_end_event,
    input  wire         error_event,
    input  wire [1215:0] counters,
    output wire         latch,
    output wire         soft_reset,
    output wire         irq
);

    localparam [31:0] abi_version = 32'h10000;
    localparam [31:0] contexts = 32'h4000;
    localparam [31:0] groups = 32'h400;
    localparam [31:0] identity = 32'h444c5453;
    localparam [31:0] journal = 32'h200100;
    localparam [1:0] okay = 2'd0;
    localparam [1:0] slverr = 2'd2;
    localparam [31:0] stream = 32'h400100;
    wire         do_write;
    wire         read_idle;
    wire         in_byte_0;
    wire         snapshot_irq;
    wire         batch_end_irq;
    wire         error_irq;
    wire [31:0]  status;
    wire [31:0]  flags;
    wire         reader_defined;
    wire         decode_hit_scratch;
    wire         decode_hit_control;
    wire         decode_hit_irq_status;
    wire         decode_hit_irq_mask;
    wire         decode_defined;
    wire         address_held_next;
    reg          address_held;
    wire [11:0]  write_address_next;
    reg  [11:0]  write_address;
    wire         data_held_next;
    reg          data_held;
    wire [31:0]  write_data_next;
    reg  [31:0]  write_data;
    wire [3:0]   write_strobe_next;
    reg  [3:0]   write_strobe;
    wire         write_decoded_next;
    reg          write_decoded;
    wire         write_done_next;
    reg          write_done;
    wire         write_error_next;
    reg          write_error;
    wire [31:0]  scratch_next;
    reg  [31:0]  scratch;
    wire [31:0]  irq_status_next;
    reg  [31:0]  irq_status;
    wire [31:0]  irq_mask_next;
    reg  [31:0]  irq_mask;
    wire         irq_level_next;
    reg          irq_level;
    wire         latch_pulse_next;
    reg          latch_pulse;
    wire         soft_reset_pulse_next;
    reg          soft_reset_pulse;
    wire [11:0]  read_address_next;
    reg  [11:0]  read_address;
    wire         read_decode_next;
    reg          read_decode;
    wire         read_select_next;
    reg          read_select;
    wire         read_done_next;
    reg          read_done;

    register_read reader (
        .clock(clock),
        .address(read_address),
        .select(read_select),
        .words_identity(identity),
        .words_abi_version(abi_version),
        .words_build_id(build_id),
        .words_build_flags(flags),
        .words_scratch(scratch),
        .words_cap_contexts(contexts),
        .words_cap_groups(groups),
        .words_cap_journal(journal),
        .words_cap_stream(stream),
        .words_control(32'd0),
        .words_status(status),
        .words_irq_status(irq_status),
        .words_irq_mask(irq_mask),
        .counters(counters),
        .data(rdata),
        .defined(reader_defined)
    );

    register_decode decode (
        .clock(clock),
        .address(write_address),
        .hit_identity(),
        .hit_abi_version(),
        .hit_build_id(),
        .hit_build_flags(),
        .hit_scratch(decode_hit_scratch),
        .hit_cap_contexts(),
        .hit_cap_groups(),
        .hit_cap_journal(),
        .hit_cap_stream(),
        .hit_control(decode_hit_control),
        .hit_status(),
        .hit_irq_status(decode_hit_irq_status),
        .hit_irq_mask(decode_hit_irq_mask),
        .hit_counter(),
        .defined(decode_defined)
    );

    // In a function, arguments and results have the names of the nets that they are.
    // verilator lint_off VARHIDDEN

    function automatic [166:0] choose_address_held_next(
        input         address_held,
        input [11:0]  araddr,
        input         arvalid,
        input [11:0]  awaddr,
        input         awvalid,
        input         batch_end_event,
        input         batch_end_irq,
        input         bready,
        input         data_held,
        input         decode_defined,
        input         decode_hit_control,
        input         decode_hit_irq_mask,
        input         decode_hit_irq_status,
        input         decode_hit_scratch,
        input         do_write,
        input         error_event,
        input         error_irq,
        input         in_byte_0,
        input [31:0]  irq_mask,
        input [31:0]  irq_status,
        input [11:0]  read_address,
        input         read_decode,
        input         read_done,
        input         read_idle,
        input         read_select,
        input         resetn,
        input         rready,
        input [31:0]  scratch,
        input         snapshot_event,
        input         snapshot_irq,
        input [31:0]  wdata,
        input [11:0]  write_address,
        input [31:0]  write_data,
        input         write_done,
        input         write_error,
        input [3:0]   write_strobe,
        input [3:0]   wstrb,
        input         wvalid
    );
        reg         address_held_next;
        reg [11:0]  write_address_next;
        reg         data_held_next;
        reg [31:0]  write_data_next;
        reg [3:0]   write_strobe_next;
        reg         write_done_next;
        reg         write_error_next;
        reg [31:0]  scratch_next;
        reg [31:0]  irq_status_next;
        reg [31:0]  irq_mask_next;
        reg [11:0]  read_address_next;
        reg         read_done_next;
        reg         write_decoded_next;
        reg         soft_reset_pulse_next;
        reg         latch_pulse_next;
        reg         irq_level_next;
        reg         read_decode_next;
        reg         read_select_next;
        begin
            address_held_next = address_held;
            write_address_next = write_address;
            data_held_next = data_held;
            write_data_next = write_data;
            write_strobe_next = write_strobe;
            write_done_next = write_done;
            write_error_next = write_error;
            scratch_next = scratch;
            irq_status_next = irq_status;
            irq_mask_next = irq_mask;
            read_address_next = read_address;
            read_done_next = read_done;
            write_decoded_next = address_held;
            if (awvalid & ~address_held) begin
                address_held_next = 1'b1;
                write_address_next = awaddr;
            end
            if (wvalid & ~data_held) begin
                data_held_next = 1'b1;
                write_data_next = wdata;
                write_strobe_next = wstrb;
            end
            if (write_done & bready) begin
                write_done_next = 1'b0;
            end
            if (do_write) begin
                address_held_next = 1'b0;
                write_decoded_next = 1'b0;
                data_held_next = 1'b0;
                write_done_next = 1'b1;
                write_error_next = ~decode_defined;
            end
            // SCRATCH, byte by byte.
            if (do_write & decode_hit_scratch) begin
                if (write_strobe[0]) begin
                    scratch_next[7:0] = write_data[7:0];
                end
                if (write_strobe[1]) begin
                    scratch_next[15:8] = write_data[15:8];
                end
                if (write_strobe[2]) begin
                    scratch_next[23:16] = write_data[23:16];
                end
                if (write_strobe[3]) begin
                    scratch_next[31:24] = write_data[31:24];
                end
            end
            soft_reset_pulse_next = in_byte_0 & decode_hit_control & write_data[0];
            latch_pulse_next = in_byte_0 & decode_hit_control & write_data[1];
            // IRQ_STATUS: a one clears its bit, an event in the same clock wins.
            irq_status_next[31:3] = 29'd0;
            irq_mask_next[31:3] = 29'd0;
            if (in_byte_0 & decode_hit_irq_status) begin
                if (write_data[0]) begin
                    irq_status_next[0] = 1'b0;
                end
                if (write_data[1]) begin
                    irq_status_next[1] = 1'b0;
                end
                if (write_data[2]) begin
                    irq_status_next[2] = 1'b0;
                end
            end
            if (snapshot_event) begin
                irq_status_next[0] = 1'b1;
            end
            if (batch_end_event) begin
                irq_status_next[1] = 1'b1;
            end
            if (error_event) begin
                irq_status_next[2] = 1'b1;
            end
            if (in_byte_0 & decode_hit_irq_mask) begin
                irq_mask_next[0] = write_data[0];
                irq_mask_next[1] = write_data[1];
                irq_mask_next[2] = write_data[2];
            end
            irq_level_next = snapshot_irq | batch_end_irq | error_irq;
            read_decode_next = 1'b0;
            if (arvalid & read_idle) begin
                read_address_next = araddr;
                read_decode_next = 1'b1;
            end
            read_select_next = read_decode;
            if (read_done & rready) begin
                read_done_next = 1'b0;
            end
            if (read_select) begin
                read_done_next = 1'b1;
            end
            if (~resetn) begin
                address_held_next = 1'b0;
                data_held_next = 1'b0;
                write_done_next = 1'b0;
                scratch_next[7:0] = 8'd0;
                scratch_next[15:8] = 8'd0;
                scratch_next[23:16] = 8'd0;
                scratch_next[31:24] = 8'd0;
                irq_status_next[0] = 1'b0;
                irq_status_next[1] = 1'b0;
                irq_status_next[2] = 1'b0;
                irq_mask_next[0] = 1'b0;
                irq_mask_next[1] = 1'b0;
                irq_mask_next[2] = 1'b0;
                irq_level_next = 1'b0;
                latch_pulse_next = 1'b0;
                soft_reset_pulse_next = 1'b0;
                read_decode_next = 1'b0;
                read_select_next = 1'b0;
                read_done_next = 1'b0;
            end
            choose_address_held_next = {address_held_next, write_address_next, data_held_next, write_data_next, write_strobe_next, write_done_next, write_error_next, scratch_next, irq_status_next, irq_mask_next, read_address_next, read_done_next, write_decoded_next, soft_reset_pulse_next, latch_pulse_next, irq_level_next, read_decode_next, read_select_next};
        end
    endfunction
    assign {address_held_next, write_address_next, data_held_next, write_data_next, write_strobe_next, write_done_next, write_error_next, scratch_next, irq_status_next, irq_mask_next, read_address_next, read_done_next, write_decoded_next, soft_reset_pulse_next, latch_pulse_next, irq_level_next, read_decode_next, read_select_next} = choose_address_held_next(address_held, araddr, arvalid, awaddr, awvalid, batch_end_event, batch_end_irq, bready, data_held, decode_defined, decode_hit_control, decode_hit_irq_mask, decode_hit_irq_status, decode_hit_scratch, do_write, error_event, error_irq, in_byte_0, irq_mask, irq_status, read_address, read_decode, read_done, read_idle, read_select, resetn, rready, scratch, snapshot_event, snapshot_irq, wdata, write_address, write_data, write_done, write_error, write_strobe, wstrb, wvalid);

    // Write: hold address and data, whichever comes first; decode the address; act once.
    assign awready = ~address_held;
    assign wready = ~data_held;
    assign do_write = address_held & write_decoded & data_held & ~write_done;
    assign bvalid = write_done;

    function automatic [1:0] choose_bresp(
        input         write_error
    );
        reg [1:0]   bresp;
        begin
            bresp = okay;
            if (write_error) begin
                bresp = slverr;
            end
            choose_bresp = bresp;
        end
    endfunction
    assign bresp = choose_bresp(write_error);

    // CONTROL: pulses of one clock.
    assign in_byte_0 = do_write & write_strobe[0];
    assign soft_reset = soft_reset_pulse;
    assign latch = latch_pulse;
    assign snapshot_irq = irq_status[0] & irq_mask[0];
    assign batch_end_irq = irq_status[1] & irq_mask[1];
    assign error_irq = irq_status[2] & irq_mask[2];
    assign irq = irq_level;

    // Read: hold the address, decode it, select, offer the word until it is taken.
    assign read_idle = ~(read_decode | read_select | read_done);
    assign arready = read_idle;
    assign rvalid = read_done;

    function automatic [1:0] choose_rresp(
        input         reader_defined
    );
        reg [1:0]   rresp;
        begin
            rresp = slverr;
            if (reader_defined) begin
                rresp = okay;
            end
            choose_rresp = rresp;
        end
    endfunction
    assign rresp = choose_rresp(reader_defined);

    // What can be read.
    assign flags = {31'd0, build_dirty};
    assign status[0] = clearing;
    assign status[1] = draining;
    assign status[2] = answering;
    assign status[3] = blocked;
    assign status[31:4] = 28'd0;

    // verilator lint_on VARHIDDEN

    always @(posedge clock) begin
        address_held <= address_held_next;
        write_address <= write_address_next;
        data_held <= data_held_next;
        write_data <= write_data_next;
        write_strobe <= write_strobe_next;
        write_decoded <= write_decoded_next;
        write_done <= write_done_next;
        write_error <= write_error_next;
        scratch <= scratch_next;
        irq_status <= irq_status_next;
        irq_mask <= irq_mask_next;
        irq_level <= irq_level_next;
        latch_pulse <= latch_pulse_next;
        soft_reset_pulse <= soft_reset_pulse_next;
        read_address <= read_address_next;
        read_decode <= read_decode_next;
        read_select <= read_select_next;
        read_done <= read_done_next;
    end
endmodule
