// Generated from the blocks in rtl/src by `cargo xtask gen`. Do not edit: change the block.
// 128 to 64 bits. Two beats of room, so that `ready` is a register and no clock is lost.
module axis_width_down (
    input  wire         clock,
    input  wire         resetn,
    input  wire [127:0] s_tdata,
    input  wire         s_tvalid,
    output wire         s_tready,
    input  wire         s_tlast,
    input  wire [1:0]   s_mark,
    output wire [63:0]  m_tdata,
    output wire         m_tvalid,
    input  wire         m_tready,
    output wire         m_tlast,
    output wire [1:0]   taken_mark
);

    wire         accept;
    wire         move_half;
    wire         done;
    wire         hold_front;
    wire         front_valid_next;
    reg          front_valid;
    wire [127:0] front_data_next;
    reg  [127:0] front_data;
    wire         front_last_next;
    reg          front_last;
    wire [1:0]   front_mark_next;
    reg  [1:0]   front_mark;
    wire         back_valid_next;
    reg          back_valid;
    wire [127:0] back_data_next;
    reg  [127:0] back_data;
    wire         back_last_next;
    reg          back_last;
    wire [1:0]   back_mark_next;
    reg  [1:0]   back_mark;
    wire         second_next;
    reg          second;
    wire [1:0]   taken_next;
    reg  [1:0]   taken;

    // In a function, arguments and results have the names of the nets that they are.
    // verilator lint_off VARHIDDEN

    function automatic [266:0] choose_front_valid_next(
        input         accept,
        input [127:0] back_data,
        input         back_last,
        input [1:0]   back_mark,
        input         back_valid,
        input         done,
        input [127:0] front_data,
        input         front_last,
        input [1:0]   front_mark,
        input         front_valid,
        input         hold_front,
        input         move_half,
        input         resetn,
        input [1:0]   s_mark,
        input [127:0] s_tdata,
        input         s_tlast,
        input         second
    );
        reg         front_valid_next;
        reg [127:0] front_data_next;
        reg         front_last_next;
        reg [1:0]   front_mark_next;
        reg         back_valid_next;
        reg [127:0] back_data_next;
        reg         back_last_next;
        reg [1:0]   back_mark_next;
        reg         second_next;
        reg [1:0]   taken_next;
        begin
            front_valid_next = front_valid;
            front_data_next = front_data;
            front_last_next = front_last;
            front_mark_next = front_mark;
            back_valid_next = back_valid;
            back_data_next = back_data;
            back_last_next = back_last;
            back_mark_next = back_mark;
            second_next = second;
            if (move_half) begin
                second_next = ~second;
            end
            taken_next = 2'd0;
            if (done) begin
                taken_next = front_mark;
            end
            // The front beat stays, comes from the back, or comes from the input.
            if (~hold_front) begin
                front_valid_next = back_valid | accept;
                if (back_valid) begin
                    front_data_next = back_data;
                    front_last_next = back_last;
                    front_mark_next = back_mark;
                end else begin
                    front_data_next = s_tdata;
                    front_last_next = s_tlast;
                    front_mark_next = s_mark;
                end
                back_valid_next = 1'b0;
            end
            if (hold_front & accept) begin
                back_valid_next = 1'b1;
                back_data_next = s_tdata;
                back_last_next = s_tlast;
                back_mark_next = s_mark;
            end
            if (~resetn) begin
                front_valid_next = 1'b0;
                back_valid_next = 1'b0;
                second_next = 1'b0;
                taken_next = 2'd0;
            end
            choose_front_valid_next = {front_valid_next, front_data_next, front_last_next, front_mark_next, back_valid_next, back_data_next, back_last_next, back_mark_next, second_next, taken_next};
        end
    endfunction
    assign {front_valid_next, front_data_next, front_last_next, front_mark_next, back_valid_next, back_data_next, back_last_next, back_mark_next, second_next, taken_next} = choose_front_valid_next(accept, back_data, back_last, back_mark, back_valid, done, front_data, front_last, front_mark, front_valid, hold_front, move_half, resetn, s_mark, s_tdata, s_tlast, second);

    assign s_tready = ~back_valid;
    assign accept = s_tvalid & ~back_valid;
    assign move_half = front_valid & m_tready;
    assign done = move_half & second;
    assign hold_front = front_valid & ~done;
    assign m_tvalid = front_valid;
    assign m_tlast = front_last & second;

    function automatic [63:0] choose_m_tdata(
        input [127:0] front_data,
        input         second
    );
        reg [63:0]  m_tdata;
        begin
            m_tdata = front_data[63:0];
            if (second) begin
                m_tdata = front_data[127:64];
            end
            choose_m_tdata = m_tdata;
        end
    endfunction
    assign m_tdata = choose_m_tdata(front_data, second);

    assign taken_mark = taken;

    // verilator lint_on VARHIDDEN

    always @(posedge clock) begin
        front_valid <= front_valid_next;
        front_data <= front_data_next;
        front_last <= front_last_next;
        front_mark <= front_mark_next;
        back_valid <= back_valid_next;
        back_data <= back_data_next;
        back_last <= back_last_next;
        back_mark <= back_mark_next;
        second <= second_next;
        taken <= taken_next;
    end
endmodule
