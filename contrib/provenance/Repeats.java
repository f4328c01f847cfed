// SPDX-License-Identifier: Apache-2.0

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.Header;

/**
 * Drops what a crash of waybill repeats, by the headers of "provenance = true"; the rule and why it
 * is right are in waybill.conf(5), PROVENANCE.
 *
 * <pre>
 * Repeats repeats = new Repeats();
 * for (ConsumerRecord&lt;...&gt; record : consumer.poll(timeout))
 *     if (!repeats.isRepeat(record))
 *         process(record);
 * </pre>
 *
 * Feed it every record of the partitions that are read, each partition in its order. What it knows
 * is in files: store it with the offsets and the results, in one transaction, and load it when the
 * consumer starts again.
 */
public class Repeats {
    /** What is known of one file in one partition. */
    static class Known {
        long floor;
        final TreeSet<Long> seen = new TreeSet<>(); // positions from the floor on
    }

    /** By topic, partition, agent and file. */
    final Map<List<Object>, Known> files = new HashMap<>();

    public boolean isRepeat(ConsumerRecord<?, ?> record) {
        if (record.headers().lastHeader("waybill-position") == null)
            return false;
        long position = Long.parseLong(text(record, "waybill-position"));
        long committed = Long.parseLong(text(record, "waybill-committed"));
        List<Object> place = List.of(record.topic(), record.partition(),
                text(record, "waybill-agent"), text(record, "waybill-file"));
        Known known = files.computeIfAbsent(place, none -> new Known());
        if (committed > known.floor) {
            known.floor = committed;
            known.seen.headSet(committed).clear();
        }
        return position < known.floor || !known.seen.add(position);
    }

    private static String text(ConsumerRecord<?, ?> record, String name) {
        Header header = record.headers().lastHeader(name);
        return new String(header.value(), UTF_8);
    }
}
