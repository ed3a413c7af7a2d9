// Generated from the blocks in rtl/src by `cargo xtask gen`. Do not edit: change the block.
module journal_lane (
    input  wire         clock,
    input  wire         write,
    input  wire [4:0]   write_row,
    input  wire [13:0]  write_context,
    input  wire [63:0]  write_delta,
    input  wire [4:0]   context_row,
    input  wire [13:0]  wanted,
    input  wire         in_range,
    input  wire [4:0]   delta_row,
    output wire [63:0]  delta
);

    wire [13:0]  difference;
    wire [14:0]  wide_difference;
    wire [2:0]   piece_low;
    wire [2:0]   piece_second;
    wire [2:0]   piece_third;
    wire [2:0]   piece_fourth;
    wire [2:0]   piece_high;
    wire [13:0]  contexts_read_data;
    wire [63:0]  deltas_read_data;
    reg  [13:0]  held_context;
    reg          same_low;
    reg          same_second;
    reg          same_third;
    reg          same_fourth;
    reg          same_high;
    reg          selected;
    wire [63:0]  chosen_next;
    reg  [63:0]  chosen;

    lut_ram_32x14 contexts (
        .clock(clock),
        .write_enable(write),
        .write_address(write_row),
        .write_data(write_context),
        .read_address(context_row),
        .read_data(contexts_read_data)
    );

    lut_ram_32x64 deltas (
        .clock(clock),
        .write_enable(write),
        .write_address(write_row),
        .write_data(write_delta),
        .read_address(delta_row),
        .read_data(deltas_read_data)
    );

    // In a function, arguments and results have the names of the nets that they are.
    // verilator lint_off VARHIDDEN

    // L0: the context of the row.
    // L1: compare, three bits for each LUT.
    assign difference = held_context ^ wanted;
    assign wide_difference = {1'b0, difference};
    assign piece_low = wide_difference[2:0];
    assign piece_second = wide_difference[5:3];
    assign piece_third = wide_difference[8:6];
    assign piece_fourth = wide_difference[11:9];
    assign piece_high = wide_difference[14:12];

    // L2: the query wants it.
    // L3: the delta, or zero: the reset pin of the register selects.
    function automatic [63:0] choose_chosen_next(
        input [63:0]  deltas_read_data,
        input         selected
    );
        reg [63:0]  chosen_next;
        begin
            chosen_next = deltas_read_data;
            if (~selected) begin
                chosen_next = 64'd0;
            end
            choose_chosen_next = chosen_next;
        end
    endfunction
    assign chosen_next = choose_chosen_next(deltas_read_data, selected);

    assign delta = chosen;

    // verilator lint_on VARHIDDEN

    always @(posedge clock) begin
        held_context <= contexts_read_data;
        same_low <= ~(|piece_low);
        same_second <= ~(|piece_second);
        same_third <= ~(|piece_third);
        same_fourth <= ~(|piece_fourth);
        same_high <= ~(|piece_high);
        selected <= in_range & same_low & same_second & same_third & same_fourth & same_high;
        chosen <= chosen_next;
    end
endmodule
