// Generated from the blocks in rtl/src by `cargo xtask gen`. Do not edit: change the block.
// The register at an offset, one clock later.
module register_decode (
    input  wire         clock,
    input  wire [11:0]  address,
    output wire         hit_identity,
    output wire         hit_abi_version,
    output wire         hit_build_id,
    output wire         hit_build_flags,
    output wire         hit_scratch,
    output wire         hit_cap_contexts,
    output wire         hit_cap_groups,
    output wire         hit_cap_journal,
    output wire         hit_cap_stream,
    output wire         hit_control,
    output wire         hit_status,
    output wire         hit_irq_status,
    output wire         hit_irq_mask,
    output wire         hit_counter,
    output wire         defined
);

    localparam [11:0] at_abi_version = 12'd4;
    localparam [11:0] at_build_flags = 12'd12;
    localparam [11:0] at_build_id = 12'd8;
    localparam [11:0] at_cap_contexts = 12'h14;
    localparam [11:0] at_cap_groups = 12'h18;
    localparam [11:0] at_cap_journal = 12'h1c;
    localparam [11:0] at_cap_stream = 12'h20;
    localparam [11:0] at_control = 12'h40;
    localparam [11:0] at_identity = 12'd0;
    localparam [11:0] at_irq_mask = 12'h4c;
    localparam [11:0] at_irq_status = 12'h48;
    localparam [11:0] at_scratch = 12'h10;
    localparam [11:0] at_status = 12'h44;
    localparam [3:0] counter_page = 4'd1;
    localparam [5:0] counter_words = 6'h26;
    wire [3:0]   page;
    wire [5:0]   word;
    wire         unaligned;
    reg          equal_identity;
    reg          equal_abi_version;
    reg          equal_build_id;
    reg          equal_build_flags;
    reg          equal_scratch;
    reg          equal_cap_contexts;
    reg          equal_cap_groups;
    reg          equal_cap_journal;
    reg          equal_cap_stream;
    reg          equal_control;
    reg          equal_status;
    reg          equal_irq_status;
    reg          equal_irq_mask;
    reg          counter;

    assign hit_identity = equal_identity;
    assign hit_abi_version = equal_abi_version;
    assign hit_build_id = equal_build_id;
    assign hit_build_flags = equal_build_flags;
    assign hit_scratch = equal_scratch;
    assign hit_cap_contexts = equal_cap_contexts;
    assign hit_cap_groups = equal_cap_groups;
    assign hit_cap_journal = equal_cap_journal;
    assign hit_cap_stream = equal_cap_stream;
    assign hit_control = equal_control;
    assign hit_status = equal_status;
    assign hit_irq_status = equal_irq_status;
    assign hit_irq_mask = equal_irq_mask;

    // Counters: one page, one word each for the low and the high half.
    assign page = address[11:8];
    assign word = address[7:2];
    assign unaligned = address[0] | address[1];
    assign hit_counter = counter;
    assign defined = counter | equal_identity | equal_abi_version | equal_build_id | equal_build_flags | equal_scratch | equal_cap_contexts | equal_cap_groups | equal_cap_journal | equal_cap_stream | equal_control | equal_status | equal_irq_status | equal_irq_mask;

    always @(posedge clock) begin
        equal_identity <= address == at_identity;
        equal_abi_version <= address == at_abi_version;
        equal_build_id <= address == at_build_id;
        equal_build_flags <= address == at_build_flags;
        equal_scratch <= address == at_scratch;
        equal_cap_contexts <= address == at_cap_contexts;
        equal_cap_groups <= address == at_cap_groups;
        equal_cap_journal <= address == at_cap_journal;
        equal_cap_stream <= address == at_cap_stream;
        equal_control <= address == at_control;
        equal_status <= address == at_status;
        equal_irq_status <= address == at_irq_status;
        equal_irq_mask <= address == at_irq_mask;
        counter <= ~unaligned & (page == counter_page) & (word < counter_words);
    end
endmodule
