// SPDX-License-Identifier: Apache-2.0
//
// Random keys with the partitions that Kafka's own Java client gives them, as lines of
//
//	type, partitions of the topic, key as text, serialised key in hexadecimal,
//	partition by default, partition by the priority partitioner below ("-": it has none)
//
// separated by tabs. java -cp kafka-clients.jar tests/integration/java/Partitions.java COUNT SEED; the same
// seed gives the same lines.

import java.io.BufferedWriter;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.UUID;

import org.apache.kafka.clients.producer.Partitioner;
import org.apache.kafka.clients.producer.internals.BuiltInPartitioner;
import org.apache.kafka.common.Cluster;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.serialization.IntegerSerializer;
import org.apache.kafka.common.serialization.LongSerializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.common.serialization.UUIDSerializer;
import org.apache.kafka.common.utils.Utils;

public class Partitions {
    static final String TOPIC = "orders";
    static final int MOST_PARTITIONS = 48;

    // One character each of one, two, three and four bytes in UTF-8, besides the usual ones.
    static final String[] LETTERS =
        "a b c d e z A Z 0 1 9 - _ . : / @ = ä é ß € 日 本 😀".split(" ");

    public static void main(String[] arguments) {
        int count = Integer.parseInt(arguments[0]);
        Random random = new Random(Long.parseLong(arguments[1]));
        List<Cluster> clusters = new ArrayList<>();
        for (int n = 1; n <= MOST_PARTITIONS; n++)
            clusters.add(cluster(n));
        PrintWriter out = new PrintWriter(new BufferedWriter(
            new OutputStreamWriter(System.out, StandardCharsets.UTF_8)));
        for (int i = 0; i < count; i++)
            print(out, random, i, clusters.get(random.nextInt(MOST_PARTITIONS)));
        out.flush();
    }

    static void print(PrintWriter out, Random random, int i, Cluster cluster) {
        String type, text;
        byte[] key;
        switch (i % 4) {
            case 0 -> {
                type = "string";
                text = string(random);
                key = new StringSerializer().serialize(TOPIC, text);
            }
            case 1 -> {
                int number = random.nextInt() >> random.nextInt(32);
                type = "int32";
                text = Integer.toString(number);
                key = new IntegerSerializer().serialize(TOPIC, number);
            }
            case 2 -> {
                long number = random.nextLong() >> random.nextInt(64);
                type = "int64";
                text = Long.toString(number);
                key = new LongSerializer().serialize(TOPIC, number);
            }
            default -> {
                UUID uuid = new UUID(random.nextLong(), random.nextLong());
                type = "uuid";
                text = uuid.toString();
                key = new UUIDSerializer().serialize(TOPIC, uuid);
            }
        }
        int n = cluster.partitionsForTopic(TOPIC).size();
        int priority = new PriorityPartitioner().partition(TOPIC, text, key, null, null, cluster);
        out.printf("%s\t%d\t%s\t%s\t%d\t%s%n", type, n, text, HexFormat.of().formatHex(key),
            BuiltInPartitioner.partitionForKey(key, n), priority < 0 ? "-" : "" + priority);
    }

    // Every third one is important; one in some hundred is nothing but "vip-", or almost it.
    static String string(Random random) {
        StringBuilder text = new StringBuilder();
        int length = random.nextInt(4) == 0 ? random.nextInt(200) : random.nextInt(20);
        if (random.nextInt(3) == 0)
            text.append("vip-");
        else if (random.nextInt(50) == 0)
            text.append("vip");
        if (random.nextInt(50) == 0)
            length = 0;
        for (int i = 0; i < length; i++)
            text.append(LETTERS[random.nextInt(LETTERS.length)]);
        return text.toString();
    }

    static Cluster cluster(int n) {
        Node node = new Node(0, "localhost", 9092);
        Node[] nodes = {node};
        List<PartitionInfo> partitions = new ArrayList<>();
        for (int i = 0; i < n; i++)
            partitions.add(new PartitionInfo(TOPIC, i, node, nodes, nodes));
        return new Cluster("test", List.of(node), partitions, Set.of(), Set.of());
    }
}

// What somebody who writes his producer in Java would write: important keys have partition 0 for
// themselves.
class PriorityPartitioner implements Partitioner {
    static final byte[] IMPORTANT = "vip-".getBytes(StandardCharsets.UTF_8);

    @Override
    public int partition(String topic, Object key, byte[] keyBytes, Object value, byte[] valueBytes,
                         Cluster cluster) {
        int n = cluster.partitionsForTopic(topic).size();
        if (isImportant(keyBytes))
            return 0;
        return n == 1 ? -1 : Utils.toPositive(Utils.murmur2(keyBytes)) % (n - 1) + 1;
    }

    static boolean isImportant(byte[] key) {
        for (int i = 0; i < IMPORTANT.length; i++)
            if (i >= key.length || key[i] != IMPORTANT[i])
                return false;
        return true;
    }

    @Override
    public void configure(Map<String, ?> settings) {
    }

    @Override
    public void close() {
    }
}
