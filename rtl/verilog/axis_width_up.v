// Generated from the blocks in rtl/src by `cargo xtask gen`. Do not edit: change the block.
// 64 to 128 bits. A half without its other half, or with missing bytes, becomes a record of op 15.
module axis_width_up (
    input  wire         clock,
    input  wire         resetn,
    input  wire [63:0]  s_tdata,
    input  wire [7:0]   s_tkeep,
    input  wire         s_tvalid,
    output wire         s_tready,
    input  wire         s_tlast,
    output wire [127:0] m_tdata,
    output wire         m_tvalid,
    input  wire         m_tready,
    output wire         m_tlast,
    output wire         fragment
);

    localparam [127:0] fragment_op = 128'd15;
    wire         ready;
    wire         take;
    wire         take_low;
    wire         take_high;
    wire         send;
    wire         both_whole;
    wire [127:0] joined;
    wire [127:0] low_wide;
    wire [127:0] high_wide;
    wire [127:0] high_shifted;
    wire [127:0] broken;
    wire         low_held_next;
    reg          low_held;
    wire [63:0]  low_data_next;
    reg  [63:0]  low_data;
    wire         low_whole_next;
    reg          low_whole;
    wire         low_last_next;
    reg          low_last;
    wire         out_valid_next;
    reg          out_valid;
    wire [127:0] out_data_next;
    reg  [127:0] out_data;
    wire         out_last_next;
    reg          out_last;
    wire         out_fragment_next;
    reg          out_fragment;

    // In a function, arguments and results have the names of the nets that they are.
    // verilator lint_off VARHIDDEN

    function automatic [197:0] choose_low_held_next(
        input         both_whole,
        input [127:0] broken,
        input [127:0] joined,
        input [63:0]  low_data,
        input         low_held,
        input         low_last,
        input         low_whole,
        input         m_tready,
        input [127:0] out_data,
        input         out_last,
        input         out_valid,
        input         resetn,
        input [63:0]  s_tdata,
        input [7:0]   s_tkeep,
        input         s_tlast,
        input         send,
        input         take_low
    );
        reg         low_held_next;
        reg [63:0]  low_data_next;
        reg         low_whole_next;
        reg         low_last_next;
        reg         out_valid_next;
        reg [127:0] out_data_next;
        reg         out_last_next;
        reg         out_fragment_next;
        begin
            low_held_next = low_held;
            low_data_next = low_data;
            low_whole_next = low_whole;
            low_last_next = low_last;
            out_valid_next = out_valid;
            out_data_next = out_data;
            out_last_next = out_last;
            if (take_low) begin
                low_held_next = 1'b1;
                low_data_next = s_tdata;
                low_whole_next = &s_tkeep;
                low_last_next = s_tlast;
            end
            if (m_tready) begin
                out_valid_next = 1'b0;
            end
            out_fragment_next = 1'b0;
            if (send) begin
                low_held_next = 1'b0;
                out_valid_next = 1'b1;
                out_last_next = low_last | s_tlast;
                if (both_whole) begin
                    out_data_next = joined;
                end else begin
                    out_data_next = broken;
                    out_fragment_next = 1'b1;
                end
            end
            if (~resetn) begin
                low_held_next = 1'b0;
                out_valid_next = 1'b0;
                out_fragment_next = 1'b0;
            end
            choose_low_held_next = {low_held_next, low_data_next, low_whole_next, low_last_next, out_valid_next, out_data_next, out_last_next, out_fragment_next};
        end
    endfunction
    assign {low_held_next, low_data_next, low_whole_next, low_last_next, out_valid_next, out_data_next, out_last_next, out_fragment_next} = choose_low_held_next(both_whole, broken, joined, low_data, low_held, low_last, low_whole, m_tready, out_data, out_last, out_valid, resetn, s_tdata, s_tkeep, s_tlast, send, take_low);

    // A low half goes into its register; a high half needs the output register to be free.
    assign ready = ~low_held | (~low_last & ~out_valid);
    assign s_tready = ready;
    assign take = ready & s_tvalid;
    assign take_low = take & ~low_held;
    assign take_high = take & low_held;

    // A low half that ended its batch leaves alone.
    assign send = take_high | (low_held & low_last & ~out_valid);
    assign both_whole = low_whole & ~low_last & (&s_tkeep);
    assign low_wide = {64'd0, low_data};
    assign high_wide = {64'd0, s_tdata};
    assign high_shifted = high_wide << 64;
    assign joined = low_wide | high_shifted;
    assign broken = low_wide | fragment_op;
    assign m_tdata = out_data;
    assign m_tvalid = out_valid;
    assign m_tlast = out_last;
    assign fragment = out_fragment;

    // verilator lint_on VARHIDDEN

    always @(posedge clock) begin
        low_held <= low_held_next;
        low_data <= low_data_next;
        low_whole <= low_whole_next;
        low_last <= low_last_next;
        out_valid <= out_valid_next;
        out_data <= out_data_next;
        out_last <= out_last_next;
        out_fragment <= out_fragment_next;
    end
endmodule
