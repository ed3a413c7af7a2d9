// Proves that a slot is at the outputs three clocks after the inputs, whole and once, is announced two clocks before, and that after a reset no
// slot causes anything.
module slot_pipeline_proof (
    input wire        clock,
    input wire        resetn,
    input wire        taken,
    input wire        rejected,
    input wire        journals,
    input wire        adds,
    input wire        pair_redundant,
    input wire        judged,
    input wire        replies,
    input wire        ends_batch,
    input wire        reads_row,
    input wire        last_row,
    input wire [3:0]  op,
    input wire [1:0]  class_id,
    input wire [15:0] group_id,
    input wire [15:0] context_id,
    input wire [23:0] length
);
    wire near_taken, near_journals;
    wire result_taken, result_rejected, result_journals, result_adds, result_pair_redundant, result_judged;
    wire result_replies, result_ends_batch, result_reads_row, result_last_row;
    wire [3:0] result_op;
    wire [1:0] result_class_id;
    wire [15:0] result_group_id, result_context_id;
    wire [23:0] result_length;
    slot_pipeline dut (.*);

    reg f1 = 0, f2 = 0, f3 = 0;
    always @(posedge clock) {f1, f2, f3} <= {1'b1, f1, f2};
    always @(*) if (!f1) assume (!resetn);

    // Three clocks of what entered: flags that cause something, and labels.
    wire [5:0] flags = {taken, journals, adds, replies, ends_batch, reads_row};
    wire [65:0] labels = {rejected, pair_redundant, judged, last_row, op, class_id, group_id, context_id, length};
    reg [5:0] flags_1, flags_2, flags_3;
    reg [65:0] labels_1, labels_2, labels_3;
    always @(posedge clock) begin
        flags_1 <= flags; flags_2 <= flags_1; flags_3 <= flags_2;
        labels_1 <= labels; labels_2 <= labels_1; labels_3 <= labels_2;
        if (!resetn) {flags_1, flags_2, flags_3} <= 0;
    end

    wire [65:0] result_labels = {
        result_rejected, result_pair_redundant, result_judged, result_last_row,
        result_op, result_class_id, result_group_id, result_context_id, result_length
    };
    wire [5:0] result_flags = {
        result_taken, result_journals, result_adds, result_replies, result_ends_batch, result_reads_row
    };
    (* hierconn *) wire \dut.s1_taken , \dut.s1_journals , \dut.s1_adds , \dut.s1_replies , \dut.s1_ends_batch , \dut.s1_reads_row , \dut.s1_rejected , \dut.s1_pair_redundant , \dut.s1_judged , \dut.s1_last_row ;
    (* hierconn *) wire [3:0] \dut.s1_op ;
    (* hierconn *) wire [1:0] \dut.s1_class_id ;
    (* hierconn *) wire [15:0] \dut.s1_group_id ;
    (* hierconn *) wire [15:0] \dut.s1_context_id ;
    (* hierconn *) wire [23:0] \dut.s1_length ;
    (* hierconn *) wire \dut.s2_taken , \dut.s2_journals , \dut.s2_adds , \dut.s2_replies , \dut.s2_ends_batch , \dut.s2_reads_row , \dut.s2_rejected , \dut.s2_pair_redundant , \dut.s2_judged , \dut.s2_last_row ;
    (* hierconn *) wire [3:0] \dut.s2_op ;
    (* hierconn *) wire [1:0] \dut.s2_class_id ;
    (* hierconn *) wire [15:0] \dut.s2_group_id ;
    (* hierconn *) wire [15:0] \dut.s2_context_id ;
    (* hierconn *) wire [23:0] \dut.s2_length ;

    always @(*) assert ((!f2 || f1) && (!f3 || f2));
    always @(*) if (f1) begin
        // The properties.
        slot_causes_the_same: assert (result_flags == flags_3);
        slot_is_announced: assert ({near_taken, near_journals} == flags_1[5:4]);
        if (f3) slot_is_labelled_the_same: assert (result_labels == labels_3);
        // The invariants that make them inductive.
        assert (flags_1 == {
            \dut.s1_taken , \dut.s1_journals , \dut.s1_adds , \dut.s1_replies , \dut.s1_ends_batch , \dut.s1_reads_row 
        });
        assert (labels_1 == {
            \dut.s1_rejected , \dut.s1_pair_redundant , \dut.s1_judged , \dut.s1_last_row ,
            \dut.s1_op , \dut.s1_class_id , \dut.s1_group_id , \dut.s1_context_id , \dut.s1_length 
        });
        assert (flags_2 == {
            \dut.s2_taken , \dut.s2_journals , \dut.s2_adds , \dut.s2_replies , \dut.s2_ends_batch , \dut.s2_reads_row 
        });
        if (f2) assert (labels_2 == {
            \dut.s2_rejected , \dut.s2_pair_redundant , \dut.s2_judged , \dut.s2_last_row ,
            \dut.s2_op , \dut.s2_class_id , \dut.s2_group_id , \dut.s2_context_id , \dut.s2_length 
        });
    end

    // Traces.
    always @(*) begin
        back_to_back: cover (f3 && flags_1 == 6'h20 && flags_2 == 6'h24 && result_replies && result_length == 24'hffffff);
        reset_empties: cover (f3 && result_flags == 0 && labels_3 != 0 && result_last_row);
    end
endmodule
