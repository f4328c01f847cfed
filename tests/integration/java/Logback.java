// SPDX-License-Identifier: Apache-2.0
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.encoder.PatternLayoutEncoder;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.rolling.RollingFileAppender;
import ch.qos.logback.core.rolling.SizeAndTimeBasedFNATP;
import ch.qos.logback.core.rolling.TimeBasedRollingPolicy;
import ch.qos.logback.core.util.FileSize;
import java.io.BufferedReader;
import java.io.InputStreamReader;

/**
 * An application that logs with logback's SizeAndTimeBased rolling: app.log becomes
 * app-DAY.0.log.gz. It does what standard input says: "open DIR", "write FIRST COUNT", "roll" (a
 * day goes by), and answers "ok".
 */
class Logback {
    private static final long DAY_MS = 24 * 60 * 60 * 1000;

    private static RollingFileAppender<ILoggingEvent> appender;
    private static SizeAndTimeBasedFNATP<ILoggingEvent> names;
    private static ch.qos.logback.classic.Logger logger;
    private static long now;

    private static void open(String directory) {
        LoggerContext context = new LoggerContext();
        PatternLayoutEncoder encoder = new PatternLayoutEncoder();
        encoder.setContext(context);
        encoder.setPattern("%msg%n");
        encoder.start();
        now = System.currentTimeMillis();
        names = new SizeAndTimeBasedFNATP<>();
        names.setMaxFileSize(FileSize.valueOf("1GB"));
        names.setCurrentTime(now);
        TimeBasedRollingPolicy<ILoggingEvent> policy = new TimeBasedRollingPolicy<>();
        appender = new RollingFileAppender<>();
        appender.setContext(context);
        appender.setEncoder(encoder);
        appender.setFile(directory + "/app.log");
        policy.setContext(context);
        policy.setParent(appender);
        policy.setFileNamePattern(directory + "/app-%d{yyyy-MM-dd}.%i.log.gz");
        policy.setTimeBasedFileNamingAndTriggeringPolicy(names);
        policy.start();
        appender.setRollingPolicy(policy);
        appender.start();
        logger = context.getLogger("app");
        logger.addAppender(appender);
    }

    public static void main(String[] arguments) throws Exception {
        BufferedReader input = new BufferedReader(new InputStreamReader(System.in));
        for (String line; (line = input.readLine()) != null; ) {
            String[] words = line.split(" ");
            if (words[0].equals("open")) {
                open(words[1]);
            } else if (words[0].equals("roll")) {
                now += DAY_MS;
                names.setCurrentTime(now);
            } else {
                int first = Integer.parseInt(words[1]), count = Integer.parseInt(words[2]);
                for (int n = first; n < first + count; n++) {
                    logger.info(String.format("%08d of app.log", n));
                }
            }
            System.out.println("ok");
        }
    }
}
