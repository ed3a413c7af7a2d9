// Generated from the blocks in rtl/src by `cargo xtask gen`. Do not edit: change the block.
module snapshot_reader (
    input  wire         clock,
    input  wire         resetn,
    input  wire         start,
    input  wire [15:0]  first_group,
    input  wire [15:0]  last_group,
    input  wire         may_read,
    output wire         read,
    output wire [15:0]  group_id,
    output wire [1:0]   class_id,
    output wire         last_row
);

    localparam [1:0] one_class = 2'd1;
    localparam [15:0] one_group = 16'd1;
    wire         reads;
    wire         class_is_last;
    wire         row_is_last;
    wire         walking_next;
    reg          walking;
    wire         pausing_next;
    reg          pausing;
    wire [15:0]  group_now_next;
    reg  [15:0]  group_now;
    wire [15:0]  group_end_next;
    reg  [15:0]  group_end;
    wire [1:0]   class_now_next;
    reg  [1:0]   class_now;

    // In a function, arguments and results have the names of the nets that they are.
    // verilator lint_off VARHIDDEN

    function automatic [35:0] choose_walking_next(
        input         class_is_last,
        input [1:0]   class_now,
        input [15:0]  first_group,
        input [15:0]  group_end,
        input [15:0]  group_now,
        input [15:0]  last_group,
        input         reads,
        input         resetn,
        input         row_is_last,
        input         start,
        input         walking
    );
        reg         walking_next;
        reg [15:0]  group_now_next;
        reg [15:0]  group_end_next;
        reg [1:0]   class_now_next;
        reg         pausing_next;
        begin
            walking_next = walking;
            group_now_next = group_now;
            group_end_next = group_end;
            class_now_next = class_now;
            pausing_next = reads;
            if (reads) begin
                class_now_next = class_now + one_class;
                walking_next = ~row_is_last;
                if (class_is_last) begin
                    group_now_next = group_now + one_group;
                end
            end
            if (start) begin
                walking_next = 1'b1;
                pausing_next = 1'b0;
                group_now_next = first_group;
                group_end_next = last_group;
                class_now_next = 2'd0;
            end
            if (~resetn) begin
                walking_next = 1'b0;
                pausing_next = 1'b0;
            end
            choose_walking_next = {walking_next, group_now_next, group_end_next, class_now_next, pausing_next};
        end
    endfunction
    assign {walking_next, group_now_next, group_end_next, class_now_next, pausing_next} = choose_walking_next(class_is_last, class_now, first_group, group_end, group_now, last_group, reads, resetn, row_is_last, start, walking);

    assign reads = walking & ~pausing & may_read;
    assign class_is_last = &class_now;
    assign row_is_last = class_is_last & (group_now == group_end);
    assign read = reads;
    assign group_id = group_now;
    assign class_id = class_now;
    assign last_row = row_is_last;

    // verilator lint_on VARHIDDEN

    always @(posedge clock) begin
        walking <= walking_next;
        pausing <= pausing_next;
        group_now <= group_now_next;
        group_end <= group_end_next;
        class_now <= class_now_next;
    end
endmodule
