// Generated from the blocks in rtl/src by `cargo xtask gen`. Do not edit: change the block.
module engine_control (
    input  wire         clock,
    input  wire         resetn,
    input  wire         soft_reset,
    input  wire         tables_clearing,
    input  wire         snapshot_starts,
    input  wire         snapshot_ends_batch,
    input  wire         last_row_read,
    input  wire         query_starts,
    input  wire         answer_near,
    input  wire         room,
    input  wire         replies_gone,
    input  wire         packet_open,
    output wire         accepts,
    output wire         sends_batch_end,
    output wire         sends_answer,
    output wire         restart,
    output wire         clearing,
    output wire         draining,
    output wire         answering
);

    localparam [2:0] EngineState_Clearing = 3'd0;
    localparam [2:0] EngineState_Draining = 3'd5;
    localparam [2:0] EngineState_Querying = 3'd4;
    localparam [2:0] EngineState_Reading = 3'd2;
    localparam [2:0] EngineState_Running = 3'd1;
    localparam [2:0] EngineState_Settling = 3'd3;
    localparam [3:0] clocks_to_settle = 4'd3;
    localparam [3:0] one = 4'd1;
    wire [2:0]   state_next;
    reg  [2:0]   state;
    wire         reset_pending_next;
    reg          reset_pending;
    wire         batch_end_due_next;
    reg          batch_end_due;
    wire         answer_due_next;
    reg          answer_due;
    wire [3:0]   waited_next;
    reg  [3:0]   waited;

    // In a function, arguments and results have the names of the nets that they are.
    // verilator lint_off VARHIDDEN

    function automatic [15:0] choose_state_next(
        input         answer_due,
        input         answer_near,
        input         batch_end_due,
        input         last_row_read,
        input         packet_open,
        input         query_starts,
        input         replies_gone,
        input         reset_pending,
        input         resetn,
        input         room,
        input         snapshot_ends_batch,
        input         snapshot_starts,
        input         soft_reset,
        input [2:0]   state,
        input         tables_clearing,
        input [3:0]   waited
    );
        reg [2:0]   state_next;
        reg         reset_pending_next;
        reg         batch_end_due_next;
        reg         answer_due_next;
        reg [3:0]   waited_next;
        reg         accepts;
        reg         sends_batch_end;
        reg         sends_answer;
        reg         restart;
        reg         clearing;
        reg         answering;
        begin
            state_next = state;
            reset_pending_next = reset_pending;
            batch_end_due_next = batch_end_due;
            answer_due_next = answer_due;
            waited_next = waited;
            accepts = 1'b0;
            sends_batch_end = 1'b0;
            sends_answer = 1'b0;
            restart = 1'b0;
            clearing = 1'b0;
            answering = 1'b0;
            if (soft_reset) begin
                reset_pending_next = 1'b1;
            end
            case (state)
                EngineState_Clearing: begin
                    clearing = 1'b1;
                    if (~tables_clearing) begin
                        state_next = EngineState_Running;
                    end
                end
                EngineState_Running: begin
                    accepts = ~reset_pending;
                    waited_next = 4'd0;
                    if (snapshot_starts) begin
                        batch_end_due_next = snapshot_ends_batch;
                        state_next = EngineState_Reading;
                    end else if (query_starts) begin
                        state_next = EngineState_Querying;
                    end else if (reset_pending) begin
                        state_next = EngineState_Draining;
                    end
                end
                EngineState_Reading: begin
                    answering = 1'b1;
                    if (last_row_read) begin
                        state_next = EngineState_Settling;
                    end
                end
                EngineState_Settling: begin
                    answering = 1'b1;
                    if (waited != clocks_to_settle) begin
                        waited_next = waited + one;
                    end else if (~batch_end_due) begin
                        state_next = EngineState_Running;
                    end else if (room) begin
                        sends_batch_end = 1'b1;
                        batch_end_due_next = 1'b0;
                        state_next = EngineState_Running;
                    end
                end
                EngineState_Querying: begin
                    answering = 1'b1;
                    if (answer_near) begin
                        answer_due_next = 1'b1;
                    end
                    if ((answer_near | answer_due) & room) begin
                        sends_answer = 1'b1;
                        answer_due_next = 1'b0;
                        state_next = EngineState_Running;
                    end
                end
                /* EngineState_Draining */ default: begin
                    // The slots in flight need fewer clocks than this to reach the queue.
                    if (~(&waited)) begin
                        waited_next = waited + one;
                    end else if (replies_gone) begin
                        if (packet_open) begin
                            sends_batch_end = 1'b1;
                            waited_next = 4'd0;
                        end else begin
                            restart = 1'b1;
                            reset_pending_next = soft_reset;
                            state_next = EngineState_Clearing;
                        end
                    end
                end
            endcase
            if (~resetn) begin
                state_next = EngineState_Clearing;
                reset_pending_next = 1'b0;
                batch_end_due_next = 1'b0;
                answer_due_next = 1'b0;
                waited_next = 4'd0;
            end
            choose_state_next = {state_next, reset_pending_next, batch_end_due_next, answer_due_next, waited_next, accepts, sends_batch_end, sends_answer, restart, clearing, answering};
        end
    endfunction
    assign {state_next, reset_pending_next, batch_end_due_next, answer_due_next, waited_next, accepts, sends_batch_end, sends_answer, restart, clearing, answering} = choose_state_next(answer_due, answer_near, batch_end_due, last_row_read, packet_open, query_starts, replies_gone, reset_pending, resetn, room, snapshot_ends_batch, snapshot_starts, soft_reset, state, tables_clearing, waited);

    assign draining = reset_pending;

    // verilator lint_on VARHIDDEN

    always @(posedge clock) begin
        state <= state_next;
        reset_pending <= reset_pending_next;
        batch_end_due <= batch_end_due_next;
        answer_due <= answer_due_next;
        waited <= waited_next;
    end
endmodule
