// Proves the walk of a SNAPSHOT: every row of the range once, class by class and group by group, the last one marked;
// a row is read in every clock with room that does not follow a read, so that the walk lasts a fixed number of clocks.
// Assumed of the engine: no start while a walk is under way (engine_control.sv), first group not above the last
// (record_decoder.sv).
module snapshot_reader_proof (
    input wire        clock,
    input wire        resetn,
    input wire        start,
    input wire [15:0] first_group,
    input wire [15:0] last_group,
    input wire        may_read
);
    wire read, last_row;
    wire [15:0] group_id;
    wire [1:0] class_id;
    snapshot_reader dut (.*);

    (* hierconn *) wire \dut.walking , \dut.pausing ;
    (* hierconn *) wire [15:0] \dut.group_now , \dut.group_end ;
    (* hierconn *) wire [1:0] \dut.class_now ;

    reg started = 0;
    always @(posedge clock) started <= 1;
    always @(*) if (!started) assume (!resetn);

    // Rows of the walk are numbered from 0; row r is class r mod 4 of group first + r / 4.
    reg walks, has_read;
    reg [15:0] first;
    reg [18:0] row, rows;
    always @(posedge clock) begin
        has_read <= read;
        if (read) begin
            row <= row + 19'd1;
            walks <= row + 19'd1 != rows;
        end
        if (start) begin
            walks <= 1;
            has_read <= 0;
            first <= first_group;
            row <= 0;
            rows <= ({3'd0, last_group} - {3'd0, first_group} + 19'd1) << 2;
        end
        if (!resetn) {walks, has_read} <= 0;
    end
    always @(*) if (start) assume (first_group <= last_group && (!walks || !started));
    wire [18:0] expected_group = {3'd0, first} + (row >> 2);

    always @(*) if (started) begin
        // The properties.
        reads_when_it_may: assert (read == (walks && !has_read && may_read));
        if (read) row_is_right: assert ({3'd0, group_id} == expected_group && class_id == row[1:0]);
        if (read) last_is_right: assert (last_row == (row + 19'd1 == rows));
        // The invariants that make them inductive.
        assert (\dut.walking == walks && \dut.pausing == has_read);
        if (walks) assert (row < rows && rows[1:0] == 0 && rows != 0);
        if (walks) assert ({3'd0, \dut.group_now } == expected_group && \dut.class_now == row[1:0]);
        if (walks) assert ({3'd0, \dut.group_end } == {3'd0, first} + (rows >> 2) - 19'd1);
    end

    // Traces.
    reg waited = 0;
    always @(posedge clock) waited <= started && (waited || (walks && !has_read && !may_read));
    always @(*) begin
        two_groups: cover (started && read && last_row && row == 7 && first == 16'd5);
        highest_group: cover (started && read && last_row && group_id == 16'hffff && waited);
        next_walk: cover (started && start && has_read && rows == 4);
    end
endmodule
