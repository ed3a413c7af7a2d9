// Runs `deltascope_top` in a 4-state simulator: memories and registers begin as X, nothing is forced or initialised.
//
// `cargo xtask rtl icarus` compiles it as Verilog-2005 and as SystemVerilog. Macros: RECORDS and REPLIES are how many beats
// of 128 bits the files records.hex and replies.hex have, READS the lines of reads.hex, of which FIRST_READS are read
// before the records; RESET and PATIENCE are clocks; SEED is where the gaps of the streams begin; CONTROL and LATCH are the
// register that copies the counters and its value.
`timescale 1ns/1ns
module bench;
    // Words of a file: a half of a record or of a reply is {TLAST, 64 bits}, a read {address, expected}.
    reg [71:0] records [0:2*`RECORDS-1];
    reg [71:0] replies [0:2*`REPLIES-1];
    reg [47:0] reads [0:`READS-1];

    // Declared with values on purpose: in SystemVerilog these are no events, so what waits for one stays X.
    reg aclk = 1'b0;
    reg aresetn = 1'b0;
    reg [63:0] s_axis_tdata = 64'd0;
    reg [7:0] s_axis_tkeep = 8'hff;
    reg s_axis_tvalid = 1'b0;
    reg s_axis_tlast = 1'b0;
    reg m_axis_tready = 1'b0;
    reg [11:0] s_axi_awaddr = 12'd0;
    reg s_axi_awvalid = 1'b0;
    reg [31:0] s_axi_wdata = 32'd0;
    reg [3:0] s_axi_wstrb = 4'hf;
    reg s_axi_wvalid = 1'b0;
    reg s_axi_bready = 1'b1;
    reg [11:0] s_axi_araddr = 12'd0;
    reg s_axi_arvalid = 1'b0;
    reg s_axi_rready = 1'b1;
    wire s_axis_tready, m_axis_tvalid, m_axis_tlast, irq;
    wire [63:0] m_axis_tdata;
    wire [7:0] m_axis_tkeep;
    wire s_axi_awready, s_axi_wready, s_axi_bvalid, s_axi_arready, s_axi_rvalid;
    wire [1:0] s_axi_bresp, s_axi_rresp;
    wire [31:0] s_axi_rdata;

    deltascope_top dut (
        .aclk(aclk), .aresetn(aresetn),
        .s_axis_tdata(s_axis_tdata), .s_axis_tkeep(s_axis_tkeep), .s_axis_tvalid(s_axis_tvalid),
        .s_axis_tready(s_axis_tready), .s_axis_tlast(s_axis_tlast),
        .m_axis_tdata(m_axis_tdata), .m_axis_tkeep(m_axis_tkeep), .m_axis_tvalid(m_axis_tvalid),
        .m_axis_tready(m_axis_tready), .m_axis_tlast(m_axis_tlast),
        .s_axi_awaddr(s_axi_awaddr), .s_axi_awvalid(s_axi_awvalid), .s_axi_awready(s_axi_awready),
        .s_axi_wdata(s_axi_wdata), .s_axi_wstrb(s_axi_wstrb), .s_axi_wvalid(s_axi_wvalid),
        .s_axi_wready(s_axi_wready),
        .s_axi_bresp(s_axi_bresp), .s_axi_bvalid(s_axi_bvalid), .s_axi_bready(s_axi_bready),
        .s_axi_araddr(s_axi_araddr), .s_axi_arvalid(s_axi_arvalid), .s_axi_arready(s_axi_arready),
        .s_axi_rdata(s_axi_rdata), .s_axi_rresp(s_axi_rresp), .s_axi_rvalid(s_axi_rvalid),
        .s_axi_rready(s_axi_rready),
        .irq(irq), .build_id(32'hdecade00), .build_dirty(1'b0)
    );

    always #5 aclk = ~aclk;

    integer seed = `SEED;
    integer sent = 0, taken = 0, quiet = 0;
    integer differences = 0, unknown_bits = 0;
    // How often a gap comes, of 16: changes now and then, so that full rate and starvation both happen.
    integer input_gaps = 0, output_gaps = 0;
    reg feeding = 1'b0;

    task difference;
        begin
            differences = differences + 1;
            if (differences > 20) finish;
        end
    endtask

    reg ended = 1'b0;
    task finish;
        if (!ended) begin
            ended = 1'b1;
            $display("result records=%0d replies=%0d reads=%0d differences=%0d unknown_bits=%0d clocks=%0d",
                sent / 2, taken / 2, `READS, differences, unknown_bits, $time / 10);
            $finish;
        end
    endtask

    // Counts the bits of an output that are neither 0 nor 1.
    task known(input [127:0] value);
        reg [7:0] n;
        if ((^value) === 1'bx) begin
            if (unknown_bits == 0) $display("unknown at %0d ns: %h in %m", $time, value);
            for (n = 0; n < 128; n = n + 1) if (value[n] !== 1'b0 && value[n] !== 1'b1) unknown_bits = unknown_bits + 1;
        end
    endtask

    // What a master or a slave looks at: ready and valid always, from the end of reset on, and data with its valid.
    always @(posedge aclk) if (aresetn) begin
        known({120'd0, s_axis_tready, m_axis_tvalid, s_axi_awready, s_axi_wready, s_axi_bvalid, s_axi_arready,
            s_axi_rvalid, irq});
        if (m_axis_tvalid !== 1'b0) known({55'd0, m_axis_tlast, m_axis_tkeep, m_axis_tdata});
        if (s_axi_bvalid !== 1'b0) known({126'd0, s_axi_bresp});
        if (s_axi_rvalid !== 1'b0) known({94'd0, s_axi_rresp, s_axi_rdata});
    end

    // Records in, replies out.
    always @(posedge aclk) if (aresetn) begin
        quiet = quiet + 1;
        if (s_axis_tvalid && s_axis_tready === 1'b1) begin
            sent = sent + 1;
            quiet = 0;
        end
        if (m_axis_tready && m_axis_tvalid === 1'b1) begin
            if (taken == 2 * `REPLIES) begin
                $display("a reply that nothing asked for: %h", m_axis_tdata);
                difference;
            end else begin
                if ({m_axis_tlast, m_axis_tkeep, m_axis_tdata} !== {replies[taken][64], 8'hff, replies[taken][63:0]}) begin
                    $display("half %0d of the replies: expected %b %h, found %b %h, TKEEP %h", taken,
                        replies[taken][64], replies[taken][63:0], m_axis_tlast, m_axis_tdata, m_axis_tkeep);
                    difference;
                end
                taken = taken + 1;
            end
            quiet = 0;
        end
        if (feeding && quiet > 200000) begin
            $display("nothing moves: %0d of %0d records taken, %0d of %0d replies given", sent / 2, `RECORDS,
                taken / 2, `REPLIES);
            differences = differences + 1;
            finish;
        end
    end

    // The bench drives between the edges. A half that is offered stays until it is taken.
    reg offered = 1'b0;
    always @(posedge aclk) offered <= s_axis_tvalid && s_axis_tready !== 1'b1;
    always @(negedge aclk) if (aresetn) begin
        if ($random(seed) % 512 == 0) begin
            input_gaps = $random(seed) & 15;
            output_gaps = $random(seed) & 15;
        end
        if (!offered) begin
            s_axis_tvalid = feeding && sent < 2 * `RECORDS && ($random(seed) & 15) >= input_gaps;
            s_axis_tdata = s_axis_tvalid ? records[sent][63:0] : 64'd0;
            s_axis_tlast = s_axis_tvalid && records[sent][64];
        end
        m_axis_tready = ($random(seed) & 15) >= output_gaps;
    end

    task write_register(input [11:0] address, input [31:0] data);
        begin
            @(negedge aclk);
            s_axi_awaddr = address;
            s_axi_wdata = data;
            s_axi_awvalid = 1'b1;
            s_axi_wvalid = 1'b1;
            while (s_axi_awvalid || s_axi_wvalid) begin : hold
                reg address_goes, data_goes;
                @(posedge aclk);
                address_goes = s_axi_awready === 1'b1;
                data_goes = s_axi_wready === 1'b1;
                @(negedge aclk);
                if (address_goes) s_axi_awvalid = 1'b0;
                if (data_goes) s_axi_wvalid = 1'b0;
            end
            while (s_axi_bvalid !== 1'b1) @(negedge aclk);
            @(negedge aclk);
        end
    endtask

    task read_register(input [11:0] address, output [31:0] data);
        begin : reading
            reg goes;
            @(negedge aclk);
            s_axi_araddr = address;
            s_axi_arvalid = 1'b1;
            while (s_axi_arvalid) begin
                @(posedge aclk);
                goes = s_axi_arready === 1'b1;
                @(negedge aclk);
                if (goes) s_axi_arvalid = 1'b0;
            end
            while (s_axi_rvalid !== 1'b1) @(negedge aclk);
            data = s_axi_rdata;
            @(negedge aclk);
        end
    endtask

    integer n;
    reg [31:0] found;
    task read_from_to(input integer first, input integer last);
        for (n = first; n < last; n = n + 1) begin
            read_register(reads[n][43:32], found);
            if (found !== reads[n][31:0]) begin
                $display("register %h: expected %h, found %h", reads[n][43:32], reads[n][31:0], found);
                difference;
            end
        end
    endtask

    initial begin
        $readmemh("records.hex", records);
        $readmemh("replies.hex", replies);
        $readmemh("reads.hex", reads);
        repeat (`RESET) @(negedge aclk);
        aresetn = 1'b1;
        read_from_to(0, `FIRST_READS);
        feeding = 1'b1;
        while (sent < 2 * `RECORDS || taken < 2 * `REPLIES) @(negedge aclk);
        // The engine at rest has counted everything; a reply too many would come now.
        repeat (2000) @(negedge aclk);
        write_register(`CONTROL, `LATCH);
        read_from_to(`FIRST_READS, `READS);
        finish;
    end

    // A bus that never answers.
    initial begin
        #(10 * `PATIENCE);
        $display("no end after %0d clocks", `PATIENCE);
        differences = differences + 1;
        finish;
    end
endmodule
